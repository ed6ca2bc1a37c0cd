// Package cli is the laptop on the command line: the same services that the
// window uses, for scripts and servers. Its names, options, JSON keys and exit
// codes are an interface that other programs use.
package cli

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"time"

	"gridbook/app/bridge"
	"gridbook/app/service"
	"gridbook/syncproto"
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

// lockTimeout is how long to wait for another program to let go of the data.
const lockTimeout = 2 * time.Second

// Program is one run of the commands. Its fields are all that it takes from
// outside.
type Program struct {
	Name    string // gridbook or gridbook-cli
	Version string
	Env     func(string) string
	Stdin   io.Reader
	Stdout  io.Writer
	Stderr  io.Writer
	// Password asks at the terminal; nil: there is none to ask at.
	Password func(prompt string) (string, error)
	Now      func() time.Time
	Rand     io.Reader
	Network  service.Network        // nil: the real one
	Options  func(*service.Options) // adjusts the options; nil: does not
}

// command is one of the commands.
type command struct {
	name    string
	args    string
	summary string
	example string
	run     func(*call) error
}

// call is one run of a command.
type call struct {
	*Program
	ctx   context.Context
	cmd   command
	flags *flag.FlagSet
	args  []string
	data  string
	json  bool
	named map[string]*string
	given map[string]*bool
}

// commands lists all commands in the order in which help shows them.
func commands() []command {
	return []command{
		{"join", "INVITATION [--device NAME] [--anew] | FIRSTCOPY.gridbundle CODE [--device NAME] [--anew]", "用邀请码，或用 U 盘里的首份数据和提取码加入乡镇(街道)，并设置密码；--anew 在已办理离任的电脑上重新加入，旧文件留在一边", `gridbook join gridbook1:… --device 村委电脑`, join},
		{"import", "KIND FILE [--dry-run] [--village CODE]", "导入表格：grids、members、households、links、visits 等", `gridbook import households 沙溪村-住户花名册.xlsx --dry-run`, importFile},
		{"apply", "FILE.ndjson | -", "按行写入：put 新建，set 修改，delete 删除；一个文件要么全成，要么全不写", applyExample, apply},
		{"schema", "", "有哪些资料、每项怎么填：apply 按它写", `gridbook schema --json`, schema},
		{"get", "ID", "看一条资料", `gridbook get 065svpb80000q000003g --json`, get},
		{"list", "COLLECTION [--village CODE] [--grid ID] [--household ID] [--state STATE] [--from DATE] [--to DATE] [--text TEXT] [--filter FILTER] [--limit N]", "列出一类资料", `gridbook list household --village 330702009204 --limit 20`, list},
		{"search", "TEXT [--limit N]", "按姓名、拼音、首字母、门牌、电话尾号查人和户", `gridbook search zhangsan`, search},
		{"photo", "add ID FILE [--caption TEXT] | list ID | get SHA256 FILE | reopen [--anew]", "加照片（自动缩小，去掉拍摄地点）、列出一条资料的照片、取出一张；照片库打不开时，reopen 再试一次，--anew 把它另存，换上新的", `gridbook photo add 065svpb80000q000003g 院墙.jpg --caption 院墙开裂`, photo},
		{"sync", "", "同步一次", `gridbook sync --json`, sync},
		{"status", "", "待上传、已上传、被退回、核对结果", `gridbook status --json`, status},
		{"notices", "[--seen ID | --seen all]", "这台电脑上发生过的事：职责变动、离任、照片库换上新的；--seen 收起一条或全部，仍在列表里", `gridbook notices --json`, notices},
		{"conflicts", "[--mine]", "列出两边改得不一样、要人核对的内容；--mine 只看这台电脑填的、现在没有显示的，和核对的结果", `gridbook conflicts --mine --json`, conflicts},
		{"resolve", "ID FIELD --take N | ID FIELD --value JSON | --all-from N", "核对：取第 N 个值，或另写一个；--all-from 全部取 N 号电脑的", `gridbook resolve 065svpb80000q000003g phone --take 1`, resolve},
		{"duplicates", "[--village CODE] [--limit N]", "列出像是同一户、同一个人的资料，两条并排", `gridbook duplicates --json`, duplicates},
		{"merge", "KEEP DROP [--take FIELD,FIELD]", "两条是同一个：并到 KEEP，空着的从 DROP 补，--take 的几项取 DROP 的；可撤销", `gridbook merge 065svpb80000q000003g 065svpb80000q000003h --take phone,address`, merge},
		{"notsame", "ID ID", "两条不是同一个，以后不再提示", `gridbook notsame 065svpb80000q000003g 065svpb80000q000003h`, notSame},
		{"unmerge", "ID", "撤销一次合并或“不是同一个”；写决定的编号，或被并入那条的编号", `gridbook unmerge 065svpb80000q000003h`, unmerge},
		{"move", "HOUSEHOLD [--grid REF] [--village CODE] [--dry-run] | HOUSEHOLD --back", "转户：转到另一个网格或村，人、走访、诉求都随户走；--dry-run 只说会怎样；--back 撤销还没上报的转出", `gridbook move 065svpb80000q000003g --grid 沙溪第二网格`, move},
		{"grid", "split GRID --name NAME [--code CODE] [--households ID,ID] [--micros ID,ID] [--hamlets NAME,NAME] [--members ID,ID] [--roles ID,ID] [--leader ID] [--end-links] [--dry-run] | merge GRID --into GRID [--roles ID,ID] [--dry-run]", "拆分、合并网格：一次办完，旧记录都在；--roles 是随着转的职责，合并时其余的到今天为止", `gridbook grid split 沙溪第一网格 --name 沙溪第四网格 --hamlets 溪东`, gridCommand},
		{"duties", "[--grid REF] [--member ID]", "列出谁担任、担任过什么职责", `gridbook duties --member 065svpb80000q000003g`, duties},
		{"duty", "MEMBER [--end ID,ID] [--begin ROLE --grid REF] [--micro ID] [--to MEMBER] [--households ID,ID] [--reason TEXT] [--leaves] [--dry-run]", "一名党员的职责变动：不再担任 --end、新担任 --begin，联系的户交给 --to；--leaves 转出，全部交接", `gridbook duty 065svpb80000q000003g --to 065svpb80000q000003h --reason 外出务工`, duty},
		{"inbox", "[--take ID | --dismiss ID | --mine]", "乡镇收件：来晚了的、写的人已不管那里的；--take 收下，--dismiss 不收，以后还可以改；--mine 看这台电脑写的、等乡镇决定的", `gridbook inbox --take 065svpb80000q000003g`, inbox},
		{"rejected", "", "列出服务器退回的修改", `gridbook rejected --json`, rejected},
		{"retry", "[ID]", "把退回的修改重新排队上传", `gridbook retry`, retry},
		{"dump", "[--village CODE]", "按规范逐行打印全部资料，两台电脑可以逐字节比较", `gridbook dump > 沙溪村.ndjson`, dump},
		{"bundle", "out FILE|DIR | in FILE|DIR [FILE…] | forward FILE|DIR [FILE…]", "U 盘上报：out 导出数据包，in 读入乡镇给的回执；forward 在乡镇代交各村的数据包，回执写在旁边", `gridbook bundle out /media/usb`, bundle},
		{"export", "FORM FILE.xlsx [--village CODE] [--grid ID]", "导出成表格", `gridbook export households 住户.xlsx`, export},
		{"report", "monthly --month YYYY-MM", "月报，每村一行", `gridbook report monthly --month 2024-03`, report},
		{"due", "[--until DATE]", "该走访的户，最久的在前", `gridbook due --json`, due},
		{"backup", "FILE", "做一份核对过的备份", `gridbook backup /media/usb/网格簿.gridbackup`, backup},
		{"restore", "FILE", "从备份恢复到一个空的数据文件夹", `gridbook restore 网格簿.gridbackup --data 新文件夹`, restore},
		{"passwd", "", "修改密码；新密码来自 GRIDBOOK_NEW_PASSWORD 或当场输入", `gridbook passwd`, passwd},
		{"recover", "KEYFILE", "忘了密码：用乡镇的恢复密钥（服务器上的 recovery.key）换一个新密码；新密码来自 GRIDBOOK_NEW_PASSWORD 或当场输入", `gridbook recover /media/usb/recovery.key`, recoverPassword},
		{"web", "[--listen 127.0.0.1:PORT]", "没有显示器时，在本机浏览器里使用；只听 127.0.0.1", `gridbook web --data 文件夹`, web},
		{"verify", "", "检查全部数据是否完好", `gridbook verify`, verify},
	}
}

const applyExample = `gridbook apply 走访.ndjson，其中每行如：
  {"op":"put","collection":"household","ref":"h1","fields":{"head_name":"张三","address":"沙溪村12号"}}
  {"op":"put","collection":"resident","ref":"r1","fields":{"household":"h1","name":"张三","id_no":"…"}}
  {"op":"set","ref":"r1","fields":{"phone":"13800001234"}}
  {"op":"delete","id":"065svpb80000q000003g"}`

// Run runs one command and returns its exit code.
func (p *Program) Run(ctx context.Context, args []string) int {
	asJSON := wantsJSON(args)
	if len(args) == 0 || args[0] == "help" || args[0] == "--help" || args[0] == "-h" {
		return p.help(args)
	}
	name, args, ok := commandName(args)
	for _, cmd := range commands() {
		if ok && cmd.name == name {
			return p.exit(p.start(ctx, cmd, args), asJSON)
		}
	}
	return p.exit(usage("没有“"+name+"”这个命令", p.Name+" help"), asJSON)
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

// errHelp ends a command that only showed its help.
var errHelp = errors.New("help")

func (p *Program) start(ctx context.Context, cmd command, args []string) error {
	c := &call{Program: p, ctx: ctx, cmd: cmd, named: map[string]*string{}, given: map[string]*bool{}}
	if err := c.parse(args); err != nil {
		return err
	}
	return cmd.run(c)
}

// parse reads options wherever they stand among the arguments.
func (c *call) parse(args []string) error {
	f := flag.NewFlagSet(c.cmd.name, flag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.StringVar(&c.data, "data", "", "")
	f.BoolVar(&c.json, "json", false, "")
	for word := range strings.FieldsSeq(strings.NewReplacer("[", " ", "]", " ", "|", " ").Replace(c.cmd.args)) {
		option, ok := strings.CutPrefix(word, "--")
		if !ok {
			continue
		}
		if isSwitch(option) {
			if c.given[option] == nil {
				c.given[option] = f.Bool(option, false, "")
			}
		} else if c.named[option] == nil {
			c.named[option] = f.String(option, "", "")
		}
	}
	c.flags = f
	for {
		if err := f.Parse(args); err != nil {
			if errors.Is(err, flag.ErrHelp) {
				c.commandHelp()
				return errHelp
			}
			return usage(err.Error(), c.Name+" help "+c.cmd.name)
		}
		if args = f.Args(); len(args) == 0 {
			return nil
		}
		c.args, args = append(c.args, args[0]), args[1:]
	}
}

// isSwitch reports whether an option takes no value.
func isSwitch(option string) bool {
	switch option {
	case "dry-run", "mine", "back", "end-links", "leaves", "anew":
		return true
	}
	return false
}

// option returns an option's value, "" if it was not given.
func (c *call) option(name string) string { return *c.named[name] }

// has reports whether an option was given.
func (c *call) has(name string) bool {
	found := false
	c.flags.Visit(func(f *flag.Flag) { found = found || f.Name == name })
	return found
}

// need checks the number of arguments.
func (c *call) need(n int) error {
	if len(c.args) != n {
		return usage(fmt.Sprintf("参数应有 %d 个，给了 %d 个", n, len(c.args)), c.Name+" "+c.cmd.name+" "+c.cmd.args)
	}
	return nil
}

func usage(message, hint string) error {
	return &syncproto.Error{Code: syncproto.CodeUsage, Message: message, Hint: "用法：" + hint}
}

// exit prints an error and returns the exit code.
func (p *Program) exit(err error, asJSON bool) int {
	if err == nil || errors.Is(err, errHelp) {
		return exitDone
	}
	fault := bridge.FaultOf(err)
	if asJSON {
		p.write(p.Stderr, map[string]any{"error": fault})
	} else {
		fmt.Fprintf(p.Stderr, "%s\n%s\n", oneLine(fault.Message), oneLine(fault.Hint))
	}
	var input badInput
	if errors.As(err, &input) && exitOf(syncproto.CodeOf(err)) == exitFailed {
		return exitInput
	}
	return exitOf(syncproto.CodeOf(err))
}

// badInput is what is wrong with the lines that a command read: exit code 5,
// also where a line only names what is not there.
type badInput struct{ error }

func (b badInput) Unwrap() error { return b.error }

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

func exitOf(code syncproto.Code) int {
	switch code {
	case syncproto.CodeUsage:
		return exitUsage
	case syncproto.CodePassword, syncproto.CodeNotAllowed, syncproto.CodeScope, syncproto.CodeToken,
		syncproto.CodeRevoked, syncproto.CodeInvitation, syncproto.CodeTownship:
		return exitNotAllowed
	case syncproto.CodeUnreachable, syncproto.CodeBusy, syncproto.CodeNotOurs, syncproto.CodeCertificate:
		return exitNetwork
	case syncproto.CodeInput, syncproto.CodeField, syncproto.CodeFileKind, syncproto.CodeDamaged, syncproto.CodeMalformed,
		syncproto.CodeReference, syncproto.CodePlace, syncproto.CodeTooLarge, syncproto.CodePhotoKind, syncproto.CodePhotoSize,
		syncproto.CodePhotoCount, syncproto.CodePhotoQuota, syncproto.CodePhotoSpoilt:
		return exitInput
	}
	return exitFailed
}

// write prints one JSON object on a line.
func (p *Program) write(w io.Writer, v any) {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v) // a closed pipe has nobody left to tell
}

// out prints the result: the object with --json, else the text.
func (c *call) out(v any, format string, args ...any) error {
	if c.json {
		c.write(c.Stdout, v)
		return nil
	}
	fmt.Fprintf(c.Stdout, format+"\n", args...)
	return nil
}

// options are what the services need.
func (c *call) options() (service.Options, error) {
	dir, err := c.folder()
	o := service.Options{
		Dir: dir, Version: c.Version, Now: c.Now, Rand: c.Rand, Network: c.Network, LockTimeout: lockTimeout,
	}
	if c.Options != nil {
		c.Options(&o)
	}
	return o, err
}

// folder is the data folder: --data, GRIDBOOK_DATA, or the usual place.
func (c *call) folder() (string, error) {
	if c.data != "" {
		return c.data, nil
	}
	dir, err := Folder(c.Env)
	if err != nil {
		return "", usage("不知道数据放在哪里", c.Name+" "+c.cmd.name+" --data 文件夹")
	}
	return dir, nil
}

// open unlocks the data folder for the length of a command.
func (c *call) open(f func(*service.Laptop) error) error {
	return c.openWith("密码：", func(l *service.Laptop, _ string) error { return f(l) })
}

// openWith is open, under a prompt of its own, for who needs the password.
func (c *call) openWith(prompt string, f func(l *service.Laptop, password string) error) error {
	o, err := c.options()
	if err != nil {
		return err
	}
	password, err := c.secret("GRIDBOOK_PASSWORD", prompt)
	if err != nil {
		return err
	}
	l, err := service.Open(o, password)
	if err != nil {
		return err
	}
	if got := l.Store.Recovered(); got != nil {
		fmt.Fprintf(c.Stderr, "%s\n%s\n", got.Message, got.Hint)
	}
	return errors.Join(f(l, password), l.Close())
}

// ids checks that arguments are ids, before anybody is asked for a password.
func (c *call) ids(args []string) error {
	for _, text := range args {
		if _, err := service.ParseID(text); err != nil {
			return usage("“"+text+"”不是资料的编号", "编号是 20 个字母和数字，可用 "+c.Name+" list 查到")
		}
	}
	return nil
}

// secret returns a password from the environment, else asks for it.
func (c *call) secret(variable, prompt string) (string, error) {
	if s := c.Env(variable); s != "" {
		return s, nil
	}
	if c.Password == nil {
		return "", &syncproto.Error{Code: syncproto.CodePassword, Message: "没有给出密码",
			Hint: "请设置环境变量 " + variable + "，或在终端里运行，当场输入。"}
	}
	s, err := c.Password(prompt)
	if err != nil {
		return "", &syncproto.Error{Code: syncproto.CodePassword, Message: "没有读到密码", Hint: "请再运行一次。", Err: err}
	}
	return s, nil
}
