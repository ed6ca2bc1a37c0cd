package roster

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"gridbook/syncproto"
)

func id(n int) ID {
	return ID{Time: syncproto.TimeAt(1_700_000_000_000) + syncproto.Time(n), Replica: 7}
}

// small is an index with a handful of people.
func small() *searchIndex {
	x := newSearchIndex()
	x.put(KindHousehold, id(1), ID{}, "张三", "沙溪村12号", "13800001234", "0012")
	x.put(KindHousehold, id(2), ID{}, "李四", "沙溪村128号", "13900005678、057982301234", "0128")
	x.put(KindHousehold, id(3), ID{}, "单小三", "下裴村3号2幢", "", "0003")
	x.put(KindResident, id(11), id(1), "张三", "", "13800001234、661234", "")
	x.put(KindResident, id(12), id(1), "王张氏", "", "", "")
	x.put(KindResident, id(13), id(2), "章珊", "", "", "")
	x.put(KindMember, id(21), ID{}, "吕建国", "沙溪村12号", "13700009999", "")
	return x
}

func TestSearch(t *testing.T) {
	for _, c := range []struct {
		typed string
		want  []int // ids, the best first
	}{
		{"张三", []int{11, 1}},
		{"张", []int{11, 1, 12}},
		{"三", []int{11, 1, 3}},
		{"zhangsan", []int{11, 1}},
		{"zhangshan", []int{13}},
		{"zs", []int{11, 13, 1, 12}},
		{"shanxs", []int{3}},
		{"dan", []int{3}},
		{"LVJG", []int{21}},
		{"lü", nil},
		{"12", []int{1, 21, 2}},
		{"１２", []int{1, 21, 2}},
		{"12号", []int{1, 21}},
		{"28", nil},
		{"128", []int{2}},
		{"2幢", []int{3}},
		{"沙溪", []int{1, 2, 21}},
		{"1234", []int{11, 1, 2}},
		{"13800001234", []int{11, 1}},
		{"5678", []int{2}},
		{"0057", nil},
		{"0012", []int{1}},
		{"张 12", []int{11, 1, 12}},
		{"zs 128", []int{13}},
		{"张三 999", nil},
		{"", nil},
		{"  ", nil},
		{"zangsang", []int{11, 13, 1}}, // as heard in the south
		{"nvjianguo", []int{21}},
	} {
		hits := small().search(c.typed, 0, nil)
		var got []int
		for _, h := range hits {
			got = append(got, int(h.ID.Time-id(0).Time))
		}
		if fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("search(%q) = %v, want %v", c.typed, got, c.want)
		}
	}
}

func TestSearchOfKinds(t *testing.T) {
	hits := small().search("12", 0, func(k Kind) bool { return k == KindMember })
	if len(hits) != 1 || hits[0].ID != id(21) || hits[0].Match != ByAddress {
		t.Errorf("only members: %v", hits)
	}
	if got := small().search("12", 1, nil); len(got) != 1 {
		t.Errorf("limit 1 gives %d hits", len(got))
	}
}

func TestSearchFollowsChanges(t *testing.T) {
	x := small()
	x.put(KindResident, id(11), id(1), "赵六", "", "", "")
	if hits := x.search("zhangsan", 0, nil); len(hits) != 1 || hits[0].ID != id(1) {
		t.Errorf("after a change of name: %v", hits)
	}
	x.remove(id(1))
	if hits := x.search("张三", 0, nil); len(hits) != 0 {
		t.Errorf("after the removal: %v", hits)
	}
	if hits := x.search("zhaoliu 12", 0, nil); len(hits) != 0 {
		t.Errorf("the address of a removed household still counts: %v", hits)
	}
}

// Whatever was put and removed before, an index finds what a new one finds.
func TestSearchIndexIsItsRecords(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		names := []string{"张三", "李四", "吕布", "单于", "王五", "诸葛亮"}
		x, now := newSearchIndex(), map[int]string{}
		for range rapid.IntRange(0, 3000).Draw(t, "changes") {
			n := rapid.IntRange(0, 20).Draw(t, "record")
			if rapid.IntRange(0, 9).Draw(t, "remove") == 0 {
				x.remove(id(n))
				delete(now, n)
				continue
			}
			now[n] = rapid.SampledFrom(names).Draw(t, "name")
			x.put(KindResident, id(n), ID{}, now[n], "", fmt.Sprint(13800000000+n), "")
		}
		fresh := newSearchIndex()
		for n, name := range now {
			fresh.put(KindResident, id(n), ID{}, name, "", fmt.Sprint(13800000000+n), "")
		}
		for _, typed := range []string{"z", "lv", "三", "001", "shan"} {
			a, b := x.search(typed, 0, nil), fresh.search(typed, 0, nil)
			if len(a) != len(b) {
				t.Fatalf("search(%q): %d hits, want %d", typed, len(a), len(b))
			}
		}
	})
}

func FuzzSearch(f *testing.F) {
	for _, typed := range []string{"张三", "zs", "12号", "138 zs", "\x1f", "lv'an", "\xff"} {
		f.Add(typed)
	}
	x := small()
	f.Fuzz(func(t *testing.T, typed string) {
		for _, h := range x.search(typed, 3, nil) {
			if _, ok := x.at[h.ID]; !ok {
				t.Fatalf("search(%q) found %v, which is not there", typed, h)
			}
		}
	})
}

// BenchmarkSearch is what one key costs over 50,000 residents, 16,000
// households and 1,600 members.
func BenchmarkSearch(b *testing.B) {
	x := newSearchIndex()
	random := rand.New(rand.NewPCG(1, 2))
	family, given := []rune("张王李赵陈杨黄周吴徐孙马朱胡郭何林罗高郑梁谢宋唐许邓冯韩曹曾彭萧蔡潘田董袁于余叶蒋杜苏魏程吕丁沈任姚卢傅钟姜崔谭廖范汪陆金石戴贾韦夏邱方侯邹熊孟秦白江阎薛尹段雷黎史龙陶贺顾毛郝龚邵万钱严单楼"), []rune("伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂建国华文玉梅红春志海林小云峰龙金根土水火木松柏荣富贵福寿康宁德仁义礼智信忠孝廉耻勤俭善良")
	name := func() string {
		return string([]rune{family[random.IntN(len(family))], given[random.IntN(len(given))], given[random.IntN(len(given))]})
	}
	phone := func() string { return fmt.Sprint(13000000000 + random.IntN(999999999)) }
	for i := range 16_000 {
		x.put(KindHousehold, id(i), ID{}, name(), fmt.Sprintf("第%d村%d组%d号", i/800, i%8, i%800), phone(), fmt.Sprintf("%04d", i%800))
	}
	for i := range 50_000 {
		x.put(KindResident, id(100_000+i), id(i%16_000), name(), "", phone(), "")
	}
	for i := range 1_600 {
		x.put(KindMember, id(200_000+i), ID{}, name(), "", phone(), "")
	}
	for _, typed := range []string{"张", "z", "zhangjianguo", "zjg", "村", "12", "1234", "张 12", "xyzq"} {
		b.Run(typed, func(b *testing.B) {
			for b.Loop() {
				x.search(typed, 30, nil)
			}
		})
	}
}
