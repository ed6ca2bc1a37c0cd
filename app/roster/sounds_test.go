package roster

import (
	"slices"
	"testing"
)

func TestReadings(t *testing.T) {
	for char, want := range map[rune]string{
		'张': "zhang", '单': "shan", '查': "zha", '仇': "qiu", '解': "xie", '曾': "zeng", '区': "ou",
		'朴': "piao", '尉': "yu", '盖': "ge", '缪': "miao", '翟': "zhai", '乐': "yue", '万': "mo",
		'俟': "qi", '吕': "lv", '任': "ren", '覃': "qin", '冼': "xian", '种': "chong",
		'员': "yun", '秘': "bi", '繁': "po", '召': "shao", '折': "she", '郗': "chi", '薄': "bo",
		'祭': "zhai", '纪': "ji", '车': "che", '柏': "bai", '那': "na", '宓': "mi", '逄': "pang",
		'楼': "lou", '应': "ying", '诸': "zhu", '葛': "ge", '女': "nv", 'Q': "q",
	} {
		if got := readings(char); !slices.Contains(got, want) {
			t.Errorf("readings of %c = %v, want %s among them", char, got, want)
		}
	}
	if got := readings('吕'); !slices.Contains(got, "lu") || !slices.Contains(got, "lyu") {
		t.Errorf("吕 = %v, want also what keyboards without ü give", got)
	}
	for _, none := range []rune{'1', '·', '😀', ' '} {
		if got := readings(none); len(got) != 0 {
			t.Errorf("readings of %q = %v, want none", none, got)
		}
	}
}

func TestHeard(t *testing.T) {
	for _, c := range []struct {
		name, typed string
		ok, whole   bool
	}{
		{"张三", "z", true, false},
		{"张三", "zhang", true, false},
		{"张三", "zhangsan", true, true},
		{"张三", "zhangs", true, true},
		{"张三", "zs", true, true},
		{"张三", "zhs", true, true},
		{"张三", "zsan", true, true},
		{"张三", "zhangsang", false, false},
		{"张三", "s", false, false},
		{"单雄信", "shanxx", true, true},
		{"单雄信", "danxiong", true, false},
		{"吕不韦", "lvbw", true, true},
		{"吕不韦", "lubu", true, false},
		{"方安", "fangan", true, true}, // fang'an and fan'gan alike
		{"", "a", false, false},
		{"7号", "h", false, false}, // a sign without a reading stands in the way
	} {
		s := newSounds()
		name := s.appendName(nil, c.name)
		ok, whole := heard(s.all, name, c.typed)
		if ok != c.ok || ok && whole != c.whole {
			t.Errorf("heard(%s, %s) = %v, %v, want %v, %v", c.name, c.typed, ok, whole, c.ok, c.whole)
		}
	}
}

func TestSoundsAreShared(t *testing.T) {
	s := newSounds()
	a, b := s.appendName(nil, "张"), s.appendName(nil, "章")
	if a[0] != b[0] {
		t.Errorf("张 and 章 have sounds %d and %d", a[0], b[0])
	}
}
