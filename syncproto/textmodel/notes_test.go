package textmodel_test

import (
	"math/rand/v2"
	"strconv"
	"strings"
)

// notes invents n bytes or a little more of short notes from a small list of
// words, one a line. The same seed gives the same notes.
func notes(seed uint64, n int) []byte {
	r := rand.New(rand.NewPCG(seed, 1))
	pick := func(words []string) string {
		// Some words are common and many are rare, as in any language.
		f := r.Float64()
		return words[int(f*f*float64(len(words)))]
	}
	who := strings.Fields("老人 户主 邻居 儿子 媳妇 外甥 会计 村医 租客 木匠 摊主 小卖部 合作社 施工队 低保对象 值班员 护林员 放水员")
	did := strings.Fields("来电 反映 询问 领取 修好 补交 答应 搬走 种下 看望 登记 晾晒 借用 归还 清点 打扫 加固 抽水 拍照 签字 退回 商量 埋怨 谢绝")
	what := strings.Fields("水泵 屋檐 田埂 晒场 路面 井盖 变压器 茶叶 杨梅 稻种 药费 学费 雨棚 柴火 燃气瓶 灭火器 下水道 祠堂 老樟树 台账 公示栏 鸡舍 门锁 挡土墙 涵洞 电表箱")
	when := strings.Fields("早上 中午 傍晚 昨晚 上周 月初 台风前 雨停后 立秋后 清明前 年底 赶集时")
	end := strings.Fields("。 。 。 ，已当面说清。 ，过几天再来看。 ，家里人都知道了。 ，请村里出面。 ；没有别的事。")
	var b strings.Builder
	for b.Len() < n {
		for i := 1 + r.IntN(4); i > 0; i-- {
			b.WriteString(pick(when) + pick(who) + pick(did) + pick(what))
			switch r.IntN(5) {
			case 0:
				b.WriteString(strconv.Itoa(r.IntN(300)) + "元")
			case 1:
				b.WriteString("（" + strconv.Itoa(1+r.IntN(12)) + "月" + strconv.Itoa(1+r.IntN(28)) + "日）")
			}
			if i > 1 {
				b.WriteString("，")
			}
		}
		b.WriteString(pick(end) + "\n")
	}
	return []byte(b.String())
}
