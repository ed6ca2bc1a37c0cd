package admin

import (
	"errors"
	"fmt"
	"strings"

	"gridbook/syncproto"
)

// errHelp ends a command that only showed its help.
var errHelp = errors.New("help")

// fault is an error as programs and people read it.
type fault struct {
	Code    syncproto.Code `json:"code"`
	Message string         `json:"message"`
	Hint    string         `json:"hint"`
}

func faultOf(err error) fault {
	f := fault{Code: syncproto.CodeOf(err)}
	var e *syncproto.Error
	if errors.As(err, &e) {
		f.Message, f.Hint = e.Message, e.Hint
	}
	if f.Message == "" {
		f.Message = "出了错：" + err.Error()
	}
	if f.Hint == "" {
		f.Hint = "请重试；还是不行，请把这两行发给维护人员。"
	}
	return f
}

// exit prints an error and returns the exit code.
func (p *Program) exit(err error, asJSON bool) int {
	var code errExit
	switch {
	case err == nil || errors.Is(err, errHelp):
		return exitDone
	case errors.As(err, &code):
		return int(code)
	}
	f := faultOf(err)
	if asJSON {
		_ = printJSON(p.Stderr, map[string]fault{"error": f}) // nobody left to tell
	} else {
		fmt.Fprintf(p.Stderr, "%s\n%s\n", oneLine(f.Message), oneLine(f.Hint))
	}
	return exitOf(f.Code)
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

func exitOf(code syncproto.Code) int {
	switch code {
	case syncproto.CodeUsage:
		return exitUsage
	case syncproto.CodePassword, syncproto.CodeNotAllowed, syncproto.CodeScope, syncproto.CodeToken,
		syncproto.CodeRevoked, syncproto.CodeInvitation, syncproto.CodeTownship:
		return exitNotAllowed
	case syncproto.CodeUnreachable, syncproto.CodeBusy, syncproto.CodeNotOurs:
		return exitNetwork
	case syncproto.CodeInput, syncproto.CodeField, syncproto.CodeFileKind, syncproto.CodeDamaged, syncproto.CodeMalformed,
		syncproto.CodeReference, syncproto.CodePlace, syncproto.CodeTooLarge, syncproto.CodeVersion:
		return exitInput
	}
	return exitFailed
}

// help shows all commands, or one.
func (p *Program) help(args []string) int {
	if len(args) > 1 {
		for _, cmd := range commands() {
			if cmd.name == args[1] {
				(&call{Program: p, cmd: cmd}).help()
				return exitDone
			}
		}
		return p.exit(usage("没有“"+args[1]+"”这个命令。", "gridbookd help"), false)
	}
	fmt.Fprintf(p.Stdout, "网格簿同步服务 %s\n\n用法：gridbookd 命令 [参数] [--data 目录] [--json]\n\n", p.Version)
	for _, cmd := range commands() {
		fmt.Fprintf(p.Stdout, "  %-10s %s\n", cmd.name, cmd.summary)
	}
	fmt.Fprint(p.Stdout, `
数据目录来自 --data 或环境变量 GRIDBOOK_DATA。服务运行时，其他命令照样能用。
--json 在标准输出只打印 JSON；出错时在标准错误打印 {"error":{"code","message","hint"}}。
退出码：0 完成，1 失败，2 用法不对，3 不允许，4 网络或服务器暂不可用，5 输入有误或数据损坏。
gridbookd help 命令：看一个命令的用法和例子。
`)
	return exitDone
}

func (c *call) help() {
	fmt.Fprintf(c.Stdout, "%s\n\n%s\n\n例子：%s\n", c.cmd.summary, c.line(), c.cmd.example)
}
