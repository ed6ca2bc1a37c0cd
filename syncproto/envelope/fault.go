package envelope

import (
	"gridbook/syncproto"
)

func damaged(cause error) error {
	return &syncproto.Error{Code: syncproto.CodeDamaged, Message: "数据包不完整，可能没拷完，或者 U 盘没有安全弹出",
		Hint: "请从原来的电脑重新导出一次，等提示完成再拔 U 盘；电脑里的内容都还在。", Err: cause}
}

func notBundle() error {
	return &syncproto.Error{Code: syncproto.CodeFileKind, Message: "这不是网格簿的数据包",
		Hint: "数据包的文件名以 " + Extension + " 结尾，请重新选择。"}
}

func newer(cause error) error {
	return &syncproto.Error{Code: syncproto.CodeVersion, Message: "这个数据包是更新版本的网格簿做的",
		Hint: "请先把这里的程序升级到同一批次，再读一次；数据包不会坏。", Err: cause}
}

func tooLarge() error {
	return &syncproto.Error{Code: syncproto.CodeTooLarge, Message: "数据包太大，超过 256 MB",
		Hint: "请重新导出；总是这样时请联网上报，或告诉乡镇。"}
}

func notForUs(kind Kind, cause error) error {
	e := &syncproto.Error{Code: syncproto.CodeNotAllowed, Message: "这个数据包是给别的服务器的，这里打不开",
		Hint: "请核对是不是本乡镇(街道)的村导出的。", Err: cause}
	switch kind {
	case Answer:
		e.Message, e.Hint = "这份回执是给另一台电脑的", "请在当初导出的那台电脑上读入。"
	case FirstCopy:
		e.Message, e.Hint = "提取码不对", "请照乡镇(街道)给的提取码再输一次；码里没有数字 0、1 和字母 I、O。"
	}
	return e
}
