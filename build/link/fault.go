package link

// Never is a Fault's count that is not reached.
const Never = -1

// A Fault cuts a connection: as soon as more than Up bytes have come from the
// laptop, or more than Down from the server, counted per connection; the
// bytes up to there are passed on. Both ends see the connection reset, as
// they do when a router forgets it.
//
// Up 0 loses the whole request, Down 0 the whole reply: the server has then
// got the request and done its work.
type Fault struct {
	Up, Down int
}

// None cuts nothing.
func None() Fault { return Fault{Never, Never} }

// LoseReply lets requests through and no byte of their answers.
func LoseReply() Fault { return Fault{Never, 0} }

// pass says how many of n bytes may go on after done have gone, and whether
// the connection is then cut.
func pass(limit, done, n int) (int, bool) {
	if limit == Never || done+n <= limit {
		return n, false
	}
	return max(limit-done, 0), true
}
