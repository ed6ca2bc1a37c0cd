// Package syncproto is the protocol between laptops and the township's server
// and what both sides share: stamps, registers, records, their join and
// encoding, the messages of one exchange and the two step machines that
// exchange them. It is pure: no files, no network, no clock and no randomness
// of its own. PROTOCOL.md beside it is normative.
package syncproto
