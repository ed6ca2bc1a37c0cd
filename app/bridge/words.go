package bridge

import "gridbook/syncproto"

type wording struct{ message, hint string }

// words gives each code the sentence that is shown when the error that
// carries it says nothing better about the case at hand.
func words(code syncproto.Code) (wording, bool) {
	for _, group := range []func(syncproto.Code) (wording, bool){networkWords, laptopWords, inputWords, photoWords} {
		if w, ok := group(code); ok {
			return w, true
		}
	}
	return wording{}, false
}

func networkWords(code syncproto.Code) (wording, bool) {
	switch code {
	case syncproto.CodeMalformed:
		return wording{"收到的数据看不懂", "稍后再同步一次；若总是这样，请告诉街道管理员。"}, true
	case syncproto.CodeTooLarge:
		return wording{"内容太大", "请分成几份再试。"}, true
	case syncproto.CodeVersion:
		return wording{"程序版本和街道的对不上", "请安装新版网格簿，已录入的内容不会丢。"}, true
	case syncproto.CodeToken, syncproto.CodeRevoked:
		return wording{"街道已停用这台电脑", "请联系街道管理员重新发邀请，已录入的内容还在。"}, true
	case syncproto.CodeInvitation:
		return wording{"邀请码不对，或已经用过、过期", "请向街道管理员要一个新的邀请码。"}, true
	case syncproto.CodeTownship:
		return wording{"这台电脑属于另一个街道", "请核对邀请码是不是本街道发的。"}, true
	case syncproto.CodeScope, syncproto.CodeNotAllowed:
		return wording{"您的身份不能做这件事", "如确需要，请联系街道管理员。"}, true
	case syncproto.CodeAuthor:
		return wording{"这条记录署的是另一台电脑的编号，街道没有收", "内容还在本机。请联系街道管理员核对这台电脑。"}, true
	case syncproto.CodeClockAhead, syncproto.CodeClockWrong:
		return wording{"这台电脑的时间差得太多", "请在系统设置里把日期和时间调对，再试一次。"}, true
	case syncproto.CodeBusy:
		return wording{"街道服务器正忙", "程序过一会儿会自动再试，不用守着。"}, true
	case syncproto.CodeEpoch, syncproto.CodeLease, syncproto.CodePrime:
		return wording{"需要和街道重新对一遍数据", "再同步一次就会自动完成，内容不会丢。"}, true
	case syncproto.CodeNotOurs:
		return wording{"回应的不是网格簿服务器", "可能是上网要先登录，请打开浏览器登录网络后再试。"}, true
	case syncproto.CodeUnreachable:
		return wording{"现在连不上街道", "没有网也能照常录入，有网时会自动上传。"}, true
	case syncproto.CodeCertificate:
		return wording{"对方的证书和邀请码里的不一样", "先不要继续，请向街道管理员核实；也请看看电脑时间对不对。"}, true
	}
	return wording{}, false
}

func laptopWords(code syncproto.Code) (wording, bool) {
	switch code {
	case syncproto.CodePassword:
		return wording{"密码不对", "请再输一次，注意大小写。忘了密码可请街道帮助恢复。"}, true
	case syncproto.CodeLocked:
		return wording{"网格簿已经打开了", "请切换到已打开的窗口，或先把它关掉。"}, true
	case syncproto.CodeDamaged:
		return wording{"数据文件坏了一部分", "程序会保留坏文件并用最近的好副本恢复，请联系街道补齐。"}, true
	case syncproto.CodeUnplugged:
		return wording{"U 盘读写不了", "请看看 U 盘是不是拔了或松了，插好再试；内容都还在本机。"}, true
	case syncproto.CodeDiskFull:
		return wording{"磁盘满了，没有存上", "请删掉一些不用的文件腾出空间，再保存一次。"}, true
	case syncproto.CodeNotJoined:
		return wording{"这台电脑还没有加入街道", "请先填入街道管理员给的邀请码。"}, true
	case syncproto.CodeInternal:
		return wording{"程序出了点问题，这一步没有完成", "已保存的内容不受影响。请再试一次；若还不行，请重新打开网格簿。"}, true
	}
	return wording{}, false
}

func inputWords(code syncproto.Code) (wording, bool) {
	switch code {
	case syncproto.CodeField:
		return wording{"有一项填得不对", "请检查标红的那一项。"}, true
	case syncproto.CodePurged:
		return wording{"这条记录已依法清除", "不能再修改。"}, true
	case syncproto.CodeNotFound:
		return wording{"没有找到这条记录", "可能已被删除，请返回刷新一下。"}, true
	case syncproto.CodeUsage:
		return wording{"程序内部的调用不对", "请重新打开网格簿；若还这样，请告诉街道管理员。"}, true
	case syncproto.CodeInput:
		return wording{"文件里有不能用的内容", "请按提示改好后再导入。"}, true
	case syncproto.CodePlace:
		return wording{"没有这个村或街道的代码", "请核对地名和代码。"}, true
	case syncproto.CodeReference:
		return wording{"关联的那条记录不存在", "请先登记对应的户或人。"}, true
	case syncproto.CodeFileKind:
		return wording{"这个文件不是要的那一种", "请用 Excel 另存为 .xlsx 后再试。"}, true
	case syncproto.CodeExists:
		return wording{"已经有了，没有重复添加", "请查看已有的那一条。"}, true
	}
	return wording{}, false
}

func photoWords(code syncproto.Code) (wording, bool) {
	switch code {
	case syncproto.CodePhotoSize:
		return wording{"这张照片太大了", "请用微信发到电脑上（不选“原图”）再添加。"}, true
	case syncproto.CodePhotoCount:
		return wording{"照片已经够多了", "请先去掉一张用不着的，再加。"}, true
	case syncproto.CodePhotoQuota:
		return wording{"本村在服务器上放照片的空间用完了", "照片还在本机，请告诉街道管理员。"}, true
	case syncproto.CodePhotoKind:
		return wording{"这个文件不是能用的照片", "请选 JPG、PNG 或 WebP 格式的照片。"}, true
	case syncproto.CodePhotoSpoilt:
		return wording{"照片在路上损坏了", "程序会自动重新传一遍。"}, true
	case syncproto.CodePhotosShut:
		return wording{"照片库打不开", "文字可以照常保存，原因和办法写在首页上。"}, true
	}
	return wording{}, false
}
