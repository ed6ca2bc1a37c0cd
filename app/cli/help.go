package cli

import (
	"fmt"
)

// help shows all commands, or one.
func (p *Program) help(args []string) int {
	if len(args) > 1 {
		for _, cmd := range commands() {
			if cmd.name == args[1] {
				(&call{Program: p, cmd: cmd}).commandHelp()
				return exitDone
			}
		}
		return p.exit(usage("没有“"+args[1]+"”这个命令", p.Name+" help"), false)
	}
	fmt.Fprintf(p.Stdout, "网格簿 %s\n\n用法：%s 命令 [参数] [--data 文件夹] [--json]\n\n", p.Version, p.Name)
	for _, cmd := range commands() {
		fmt.Fprintf(p.Stdout, "  %-10s %s\n", cmd.name, cmd.summary)
	}
	fmt.Fprintf(p.Stdout, `
密码来自环境变量 GRIDBOOK_PASSWORD，没有就当场问；数据文件夹来自 --data 或 GRIDBOOK_DATA。
--json 在标准输出只打印 JSON；出错时在标准错误打印 {"error":{"code","message","hint"}}。
退出码：0 完成，1 失败，2 用法不对，3 不允许，4 网络或服务器暂不可用，5 输入有误或数据损坏。
%s help 命令：看一个命令的用法和例子。
`, p.Name)
	return exitDone
}

func (c *call) commandHelp() {
	fmt.Fprintf(c.Stdout, "%s\n\n用法：%s %s %s\n\n例子：%s\n", c.cmd.summary, c.Name, c.cmd.name, c.cmd.args, c.cmd.example)
}
