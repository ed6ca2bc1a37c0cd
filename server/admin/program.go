// Package admin is gridbookd's command line: the server itself, and what the
// people who run it do with it. Names, options, JSON keys and exit codes are
// an interface that other programs use.
package admin

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"gridbook/server/boltstore"
	"gridbook/server/control"
	"gridbook/server/office"
	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// The exit codes.
const (
	exitDone       = 0
	exitFailed     = 1
	exitUsage      = 2
	exitNotAllowed = 3
	exitNetwork    = 4
	exitInput      = 5
)

// The files of a data folder.
const (
	storeFile    = "gridbookd.db"
	photosFile   = "photos.db"
	recoveryFile = "recovery.key"
)

// Program is one run of gridbookd. Its fields are all that it takes from
// outside.
type Program struct {
	Version string
	Env     func(string) string
	Stdout  io.Writer
	Stderr  io.Writer
	Who     string // the person at the keyboard, for the audit
	Now     func() time.Time
	Rand    io.Reader
	// NoSync leaves out fsync, for tests.
	NoSync bool
}

// command is one of the commands.
type command struct {
	name    string
	args    string
	summary string
	example string
	run     func(*call) error
	// Inside says that the command works on the store, and runs inside the
	// server if that has it open.
	inside bool
	// files are the numbers of arguments that name files; they are made
	// absolute, because the server may stand in another folder. All that
	// follow the last do too, if more is set.
	files []int
	more  bool
}

// call is one run of a command.
type call struct {
	*Program
	ctx    context.Context
	cmd    command
	args   []string
	data   string
	json   bool
	named  map[string]*string
	given  map[string]*bool
	office *office.Office // open, for a command inside
}

// commands lists all commands in the order in which help shows them.
func commands() []command {
	return []command{
		{name: "init", args: "--township CODE9 --name NAME", summary: "新建服务器数据：数据文件、密钥和证书",
			example: "gridbookd init --township 330702009 --name 新狮街道 --data /var/lib/gridbook", run: initialize},
		{name: "serve", args: "--listen ADDR [--address URL] [--store bolt] [--plain]", summary: "运行同步服务，按 Ctrl+C 停止",
			example: "gridbookd serve --listen 0.0.0.0:8443 --data /var/lib/gridbook", run: serve},
		{name: "invite", args: "--role township|village|grid|inspector --scope CODE --person NAME [--days N] [--address URL] [--unlisted]",
			summary: "发一个一次性的邀请码（一行），给一台电脑加入用",
			example: "gridbookd invite --role village --scope 330702009204 --person 张三", run: invite, inside: true},
		{name: "devices", summary: "列出加入的电脑", example: "gridbookd devices --json", run: devices, inside: true},
		{name: "revoke", args: "DEVICE [--reason TEXT]", summary: "停用一台电脑", example: "gridbookd revoke 3 --reason 电脑丢失", run: revoke, inside: true},
		{name: "role", args: "DEVICE [--role ROLE --scope CODE] [--end] [--reason TEXT] [--unlisted]",
			summary: "改一台电脑的身份和范围，或结束使用；没上报的内容仍会收上来",
			example: "gridbookd role 3 --role village --scope 330702009209", run: role, inside: true},
		{name: "status", summary: "各村上报到哪里了", example: "gridbookd status", run: status, inside: true},
		{name: "audit", args: "[--days N]", summary: "谁在什么时候做了什么", example: "gridbookd audit --days 30 --json", run: audit, inside: true},
		{name: "backup", args: "FILE", summary: "备份（服务运行中也可以）；照片另存为 FILE.photos；备份里有密钥，要保管好",
			example: "gridbookd backup /media/usb/gridbookd-2026-03-05.db", run: backup, inside: true, files: []int{0}},
		{name: "restore", args: "FILE --data NEWDIR", summary: "从备份恢复到一个新目录，照片取自旁边的 FILE.photos；备份之后的由各村电脑自动补齐",
			example: "gridbookd restore /media/usb/gridbookd-2026-03-05.db --data /var/lib/gridbook-new", run: restore},
		{name: "came-back", summary: "从备份恢复之后，哪台电脑补回了什么，是不是都齐了", example: "gridbookd came-back", run: cameBack, inside: true},
		{name: "verify", summary: "检查全部数据是否完好", example: "gridbookd verify", run: verify, inside: true},
		{name: "dump", args: "[--village CODE] [--role ROLE --scope CODE]", summary: "按规范逐行打印全部资料，可与各电脑的 dump 逐字节比较",
			example: "gridbookd dump --village 330702009204 > 沙溪村.ndjson", run: dump, inside: true},
		{name: "bundle", args: "take FILE|DIR [FILE…] | first FILE --role ROLE --scope CODE --person NAME [--unlisted]",
			summary: "U盘：take 并入各村交来的数据包，回执写在旁边；first 给连不上网的新电脑做一份首份数据",
			example: "gridbookd bundle take /media/usb", run: bundle, inside: true, files: []int{1}, more: true},
		{name: "purge", args: "ID --reason TEXT", summary: "依法彻底清除一条资料，所有电脑下次同步时一并清除",
			example: "gridbookd purge 06f70h48000000000010 --reason 本人依法要求删除", run: purge, inside: true},
	}
}

// Run runs one command and returns its exit code.
func (p *Program) Run(ctx context.Context, args []string) int {
	asJSON := wantsJSON(args)
	if len(args) == 0 || args[0] == "help" || args[0] == "--help" || args[0] == "-h" {
		return p.help(args)
	}
	c, err := p.parse(ctx, args)
	if err == nil {
		err = c.start()
	}
	return p.exit(err, asJSON)
}

// parse finds the command and reads its options, wherever they stand.
func (p *Program) parse(ctx context.Context, args []string) (*call, error) {
	name, args, ok := commandName(args)
	for _, cmd := range commands() {
		if ok && cmd.name == name {
			c := &call{Program: p, ctx: ctx, cmd: cmd, named: map[string]*string{}, given: map[string]*bool{}}
			return c, c.options(args)
		}
	}
	return nil, usage("没有“"+name+"”这个命令。", "gridbookd help")
}

// commandName finds the command among options that stand before it.
func commandName(args []string) (name string, rest []string, ok bool) {
	for i := 0; i < len(args); i++ {
		if !strings.HasPrefix(args[i], "-") {
			return args[i], append(append([]string{}, args[:i]...), args[i+1:]...), true
		}
		if args[i] == "--data" || args[i] == "-data" {
			i++
		}
	}
	return strings.Join(args, " "), nil, false
}

func wantsJSON(args []string) bool {
	for _, a := range args {
		if a == "--json" || a == "-json" {
			return true
		}
	}
	return false
}

// switches are the options without a value.
func isSwitch(option string) bool {
	return option == "plain" || option == "unlisted" || option == "end"
}

// options reads the options that the command's usage line names.
func (c *call) options(args []string) error {
	f := flag.NewFlagSet(c.cmd.name, flag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.StringVar(&c.data, "data", "", "")
	f.BoolVar(&c.json, "json", false, "")
	for word := range strings.FieldsSeq(strings.NewReplacer("[", " ", "]", " ").Replace(c.cmd.args)) {
		option, ok := strings.CutPrefix(word, "--")
		switch {
		case !ok || option == "data":
		case isSwitch(option):
			c.given[option] = f.Bool(option, false, "")
		default:
			c.named[option] = f.String(option, "", "")
		}
	}
	for {
		if err := f.Parse(args); err != nil {
			if errors.Is(err, flag.ErrHelp) {
				c.help()
				return errHelp
			}
			return usage(err.Error(), "gridbookd help "+c.cmd.name)
		}
		if args = f.Args(); len(args) == 0 {
			break
		}
		c.args, args = append(c.args, args[0]), args[1:]
	}
	if c.data == "" {
		c.data = c.Env("GRIDBOOK_DATA")
	}
	if c.data == "" {
		return usage("没有指明数据目录。", "请加上 --data 目录，或设置环境变量 GRIDBOOK_DATA。")
	}
	var err error
	if c.data, err = filepath.Abs(c.data); err != nil {
		return fmt.Errorf("data folder: %w", err)
	}
	return c.absolute()
}

func (c *call) absolute() (err error) {
	for _, i := range c.cmd.files {
		if i < len(c.args) && err == nil {
			c.args[i], err = filepath.Abs(c.args[i])
		}
	}
	if files := c.cmd.files; c.cmd.more && len(files) > 0 {
		for i := files[len(files)-1] + 1; i < len(c.args) && err == nil; i++ {
			c.args[i], err = filepath.Abs(c.args[i])
		}
	}
	return err
}

// start runs the command: inside a server that is running on the data folder,
// else here.
func (c *call) start() error {
	if !c.cmd.inside {
		return c.cmd.run(c)
	}
	err := c.forward()
	if !errors.Is(err, control.ErrNobody) {
		return err
	}
	o, err := c.open()
	if syncproto.CodeOf(err) == syncproto.CodeLocked {
		// A server may have started just now.
		if ferr := c.forward(); !errors.Is(ferr, control.ErrNobody) {
			return ferr
		}
	}
	if err != nil {
		return err
	}
	c.office = o
	return errors.Join(c.cmd.run(c), o.Close())
}

// errExit carries the exit code of a command that ran in the server and has
// said everything itself.
type errExit int

func (e errExit) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

func (c *call) forward() error {
	code, err := control.Forward(c.data, control.Call{Args: c.again(), Who: c.Who}, c.Stdout, c.Stderr)
	if err != nil {
		return err
	}
	if code != exitDone {
		return errExit(code)
	}
	return nil
}

// again spells the call out for another process.
func (c *call) again() []string {
	args := []string{c.cmd.name, "--data", c.data}
	if c.json {
		args = append(args, "--json")
	}
	for option, v := range c.named {
		if *v != "" {
			args = append(args, "--"+option+"="+*v)
		}
	}
	for option, v := range c.given {
		if *v {
			args = append(args, "--"+option)
		}
	}
	return append(append(args, "--"), c.args...)
}

// RunInside runs a call of another process on an office that is open.
func (p *Program) RunInside(ctx context.Context, o *office.Office, args []string) int {
	c, err := p.parse(ctx, args)
	if err == nil && !c.cmd.inside {
		err = usage("这个命令不能在运行中的服务里执行。", "gridbookd help "+c.cmd.name)
	}
	if err == nil {
		c.office = o
		err = c.cmd.run(c)
	}
	return p.exit(err, wantsJSON(args))
}

// open opens the data folder's office.
func (c *call) open() (*office.Office, error) {
	s, err := boltstore.Open(filepath.Join(c.data, storeFile), c.store())
	if err != nil {
		return nil, err
	}
	return c.withPhotos(s)
}

func (c *call) store() boltstore.Options { return boltstore.Options{NoSync: c.NoSync} }

// newOffice makes an office; without photos (nil) it takes none.
func (c *call) newOffice(s office.Store, photos office.PhotoStore) *office.Office {
	return office.New(s, office.Options{
		Policy: ledger.Policy{},
		Now:    func() int64 { return c.Now().UnixMilli() },
		Rand:   c.Rand,
		Photos: photos,
	})
}

// option returns an option's value, "" if it was not given.
func (c *call) option(name string) string { return *c.named[name] }

// need checks the number of arguments and that options have been given.
func (c *call) need(args int, options ...string) error {
	if len(c.args) != args {
		return usage(fmt.Sprintf("参数应有 %d 个，给了 %d 个。", args, len(c.args)), c.line())
	}
	for _, o := range options {
		if c.option(o) == "" {
			return usage("没有填 --"+o+"。", c.line())
		}
	}
	return nil
}

func (c *call) line() string {
	return "用法：gridbookd " + strings.TrimSpace(c.cmd.name+" "+c.cmd.args)
}

func usage(message, hint string) error {
	return &syncproto.Error{Code: syncproto.CodeUsage, Message: message, Hint: hint}
}

// out prints the result: the object with --json, else the text.
func (c *call) out(v any, text string) error {
	if !c.json {
		_, err := io.WriteString(c.Stdout, text)
		return err
	}
	return printJSON(c.Stdout, v)
}

// printJSON prints one object on a line.
func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}
