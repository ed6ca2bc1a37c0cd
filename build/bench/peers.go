package main

// peer is what another system reached on the same workload, measured through
// a counting proxy on a machine of 2 cores: bytes and counts are exact, times
// of one noisy machine. Slow link: 300 ms there and back, 64 kbit/s up, 256
// kbit/s down.
type peer struct {
	name                   string
	w1, w1slow, w1cost     string
	w2, w2trips, w2slow    string
	w3, w4, w4trips, w4slw string
	w6                     string
}

func peers() []peer {
	return []peer{
		{"SQLite+JSON+gzip", "767 kB", "26 s", ".09/.11 s; 4.1 MB; 77 MB", "22/22 kB", "1", "3.8 s", ".17/.13 s", "115/165 B", "1", ".32 s", "15.5 MB; 5.8 s; 145 MB"},
		{"PouchDB+express-pouchdb", "1323 kB", "123 s", ".75/1.29 s; 5.1 MB; 141 MB", "135/9 kB", "11", "19 s", ".88/.44 s", "1.9/3.4 kB", "8", "1.8 s", "26.6 MB; 24 s; 263 MB"},
		{"PouchDB+CouchDB", "6826 kB", "288 s", ".77/.88 s; 5.1 MB; 129 MB", "135/22 kB", "11", "21 s", ".84/.70 s", "2.0/4.8 kB", "8", "1.8 s", "137 MB; 18 s; 249 MB"},
		{"Yjs+gzip", "769 kB", "26 s", ".52/.12 s; 3.5 MB; 179 MB", "21/.4 kB", "1", "3.0 s", ".35/.23 s", "176/155 B", "1", ".36 s", "15.5 MB; 7.9 s; 1555 MB"},
		{"Automerge", "781 kB", "29 s", "1.6/.66 s; .8 MB; 254 MB", "34/.3 kB", "5", "5.8 s", "15/27 s", "297/228 B", "4", "1.25 s", "15.8 MB; 27 s; 1852 MB"},
		{"TinyBase", "2297 kB", "40 s", "1.7/1.1 s; 6.4 MB; 253 MB", "99/72 kB", "–", "18 s", "5.6/5.4 s", "308/220 B", "3", "1.06 s", "23.1 MB; 23 s; 1304 MB"},
		{"cr-sqlite", "1342 kB", "49 s", "3.4/1.8 s; 6.9 MB; 278 MB", "31/.1 kB", "1", "4.3 s", "1.9/1.1 s", "177/127 B", "1", ".33 s", "26.9 MB; 86 s; 464 MB"},
	}
}
