package main

import (
	"strconv"
	"strings"
	"time"
)

// quantity is one thing that a figure tells, and how it is printed.
type quantity struct {
	name  string
	of    func(figure) int64
	print func(int64) string
}

var (
	up        = quantity{"up", func(f figure) int64 { return f.up }, kb}
	down      = quantity{"down", func(f figure) int64 { return f.down }, kb}
	bothWays  = quantity{"both ways", func(f figure) int64 { return f.up + f.down }, kb}
	exchanges = quantity{"exchanges", func(f figure) int64 { return int64(f.exchanges) }, func(n int64) string { return strconv.FormatInt(n, 10) }}
	wall      = quantity{"wall", func(f figure) int64 { return int64(f.wall) }, duration}
	serverCPU = quantity{"server CPU", func(f figure) int64 { return int64(f.server) }, duration}
	memory    = quantity{"memory", func(f figure) int64 { return f.memory }, kb}
	disk      = quantity{"disk", func(f figure) int64 { return f.disk }, kb}
)

func duration(n int64) string { return seconds(time.Duration(n)) }

// target is the most that a quantity is to come to.
type target struct {
	quantity
	most int64
	way  string // how the names of the figures begin that it is for; "": all
}

// judge says for every figure that it is for whether it was met.
func (t target) judge(figures []figure) string {
	var said []string
	for _, f := range figures {
		if n := t.of(f); n > 0 && strings.HasPrefix(f.what, t.way) {
			said = append(said, f.what+" "+t.print(n)+" "+verdict(n <= t.most))
		}
	}
	if said == nil {
		said = []string{"not measured"}
	}
	return t.name + " ≤ " + t.print(t.most) + t.on() + ": " + strings.Join(said, "; ")
}

func (t target) on() string {
	if t.way == "" {
		return ""
	}
	return " " + t.way
}

func verdict(met bool) string {
	if met {
		return "met"
	}
	return "missed"
}
