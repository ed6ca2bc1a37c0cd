package syncproto

// Ahead returns the request that follows the last one, given its reply p, if
// nothing but p decides about it: the next page of a download in which we have
// nothing to say. It is nil otherwise. The request may be sent before p has
// been received, so that the hub looks for the next page while we join this
// one; Follow then takes the place of Next.
//
// After a crash in between, the next session asks again for what was not
// joined: a hub remembers nothing of what it has sent.
func (s *Session) Ahead(p *Reply, now int64) *Request {
	q := s.req
	if q == nil || q.Probe != nil || NeedsWrite(q) || s.claim ||
		p.Error != nil || p.Renumber != 0 || !p.More || !p.Moved {
		return nil
	}
	next := *q
	next.Cursor, next.Verdict, next.Now = p.Cursor, Verdict{}, now
	next.Budget, next.Link = s.opts.DownBudget, s.opts.Link
	return &next
}

// Follow says, after the reply before it was received, that q, which Ahead has
// made, is the request under way.
func (s *Session) Follow(q *Request) {
	s.found.Changed, s.found.Arrived, s.found.Renamed, s.sent = nil, nil, nil, nil
	s.req = q
}
