package link

import (
	"fmt"
	"io"
	"net"
)

// kept is how many connections a proxy can replay, and keptBytes how many
// bytes of each.
const (
	kept      = 64
	keptBytes = 1 << 20
)

func (p *Proxy) remember(sent []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(sent) > 0 && len(sent) <= keptBytes {
		p.sent = append(p.sent, sent)
		p.sent = p.sent[max(len(p.sent)-kept, 0):]
	}
}

// Replayable is how many connections that have ended can be replayed.
func (p *Proxy) Replayable() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.sent)
}

// Replay sends the server once more, byte for byte, what a laptop has sent
// over a connection, also what a Fault held back; 0 is the oldest one. The
// answers, which it returns, reach no laptop. Over TLS a server takes no copy.
func (p *Proxy) Replay(n int) ([]byte, error) {
	p.mu.Lock()
	sent, target := p.sent[n], p.target
	p.mu.Unlock()
	c, err := net.Dial("tcp", target)
	if err != nil {
		return nil, fmt.Errorf("replay: %w", err)
	}
	defer c.Close()
	if _, err := c.Write(sent); err != nil {
		return nil, fmt.Errorf("replay: %w", err)
	}
	shut(c)
	answers, err := io.ReadAll(c)
	if err != nil {
		return nil, fmt.Errorf("replay: %w", err)
	}
	return answers, nil
}
