package main

import "time"

// peer is what another system reached on the same workload, measured through
// a counting proxy on a machine of 2 cores: bytes and counts are exact, times
// of one noisy machine. What was not measured is 0.
type peer struct {
	name  string
	works map[string]theirs
}

// theirs is a peer's figure of one work, on the fast way, and the wall that it
// came to on the slow one.
type theirs struct {
	figure
	slow time.Duration
}

// Bytes, and nanoseconds.
const (
	kB  = 1_000
	mB  = 1_000 * kB
	ms  = 1_000_000
	sec = 1_000 * ms
)

func peers() []peer {
	return []peer{{
		name: "SQLite+JSON+gzip",
		works: map[string]theirs{
			"W1": {figure{down: 767 * kB, client: 90 * ms, server: 110 * ms, disk: 4.1 * mB, memory: 77 * mB}, 26 * sec},
			"W2": {figure{up: 22 * kB, down: 22 * kB, exchanges: 1}, 3.8 * sec},
			"W3": {figure: figure{wall: 170 * ms, server: 130 * ms}},
			"W4": {figure{up: 115, down: 165, exchanges: 1}, 320 * ms},
			"W6": {figure: figure{down: 15.5 * mB, wall: 5.8 * sec, memory: 145 * mB}},
		},
	}, {
		name: "PouchDB+express-pouchdb",
		works: map[string]theirs{
			"W1": {figure{up: 555 * kB, down: 1323 * kB, client: 750 * ms, server: 1290 * ms, disk: 5.1 * mB, memory: 141 * mB}, 123 * sec},
			"W2": {figure{up: 135 * kB, down: 9 * kB, exchanges: 11}, 19 * sec},
			"W3": {figure: figure{wall: 880 * ms, server: 440 * ms}},
			"W4": {figure{up: 1900, down: 3.4 * kB, exchanges: 8}, 1.8 * sec},
			"W6": {figure: figure{up: 11.2 * mB, down: 26.6 * mB, wall: 24 * sec, memory: 263 * mB}},
		},
	}, {
		name: "PouchDB+CouchDB",
		works: map[string]theirs{
			"W1": {figure{up: 558 * kB, down: 6826 * kB, client: 770 * ms, server: 880 * ms, disk: 5.1 * mB, memory: 129 * mB}, 288 * sec},
			"W2": {figure{up: 135 * kB, down: 22 * kB, exchanges: 11}, 21 * sec},
			"W3": {figure: figure{wall: 840 * ms, server: 700 * ms}},
			"W4": {figure{up: 2 * kB, down: 4.8 * kB, exchanges: 8}, 1.8 * sec},
			"W6": {figure: figure{down: 137 * mB, wall: 18 * sec, memory: 249 * mB}},
		},
	}, {
		name: "Yjs+gzip",
		works: map[string]theirs{
			"W1": {figure{down: 769 * kB, client: 520 * ms, server: 120 * ms, disk: 3.5 * mB, memory: 179 * mB}, 26 * sec},
			"W2": {figure{up: 21 * kB, down: 400, exchanges: 1}, 3 * sec},
			"W3": {figure: figure{wall: 350 * ms, server: 230 * ms}},
			"W4": {figure{up: 176, down: 155, exchanges: 1}, 360 * ms},
			"W6": {figure: figure{down: 15.5 * mB, wall: 7.9 * sec, memory: 1555 * mB}},
		},
	}, {
		name: "Automerge",
		works: map[string]theirs{
			"W1": {figure{down: 781 * kB, client: 1.6 * sec, server: 660 * ms, disk: 0.8 * mB, memory: 254 * mB}, 29 * sec},
			"W2": {figure{up: 34 * kB, down: 300, exchanges: 5}, 5.8 * sec},
			"W3": {figure: figure{wall: 15 * sec, server: 27 * sec}},
			"W4": {figure{up: 297, down: 228, exchanges: 4}, 1250 * ms},
			"W6": {figure: figure{down: 15.8 * mB, wall: 27 * sec, memory: 1852 * mB}},
		},
	}, {
		name: "TinyBase",
		works: map[string]theirs{
			"W1": {figure{down: 2297 * kB, client: 1.7 * sec, server: 1.1 * sec, disk: 6.4 * mB, memory: 253 * mB}, 40 * sec},
			"W2": {figure{up: 99 * kB, down: 72 * kB}, 18 * sec},
			"W3": {figure: figure{wall: 5.6 * sec, server: 5.4 * sec}},
			"W4": {figure{up: 308, down: 220, exchanges: 3}, 1060 * ms},
			"W6": {figure: figure{down: 23.1 * mB, wall: 23 * sec, memory: 1304 * mB}},
		},
	}, {
		name: "cr-sqlite",
		works: map[string]theirs{
			"W1": {figure{down: 1342 * kB, client: 3.4 * sec, server: 1.8 * sec, disk: 6.9 * mB, memory: 278 * mB}, 49 * sec},
			"W2": {figure{up: 31 * kB, down: 100, exchanges: 1}, 4.3 * sec},
			"W3": {figure: figure{wall: 1.9 * sec, server: 1.1 * sec}},
			"W4": {figure{up: 177, down: 127, exchanges: 1}, 330 * ms},
			"W6": {figure: figure{down: 26.9 * mB, wall: 86 * sec, memory: 464 * mB}},
		},
	}}
}

// ofPeers are the peers' figures of one work.
func ofPeers(work string) (out []figure) {
	for _, p := range peers() {
		f := p.works[work].figure
		f.what = p.name
		if slow := p.works[work].slow; slow > 0 {
			f.note = "slow link " + seconds(slow)
		}
		out = append(out, f)
	}
	return out
}
