package service

import "context"

// Notice is what happened to this laptop without its person having done it.
type Notice struct {
	ID      string `json:"id"`
	Kind    string `json:"kind"` // role, ended, photos
	At      int64  `json:"at"`   // when the laptop heard of it
	Message string `json:"message"`
	Hint    string `json:"hint"`
	Seen    bool   `json:"seen"` // put away by the person
}

// Ended says that this laptop's person is in charge of nothing any more: the
// township has said so, and all that was here has left the laptop.
type Ended struct {
	Since    int64  `json:"since"`    // when the laptop heard of it, by the server's clock
	RoleName string `json:"roleName"` // what the person was
	Place    string `json:"place"`
	Handed   int    `json:"handed"` // records whose unsent work waits in the township's inbox
	ToSend   int    `json:"toSend"` // with work that has not gone up yet
	Rejected int    `json:"rejected"`
	Photos   int    `json:"photos"` // that have not gone up yet
}

// Notices lists what happened to this laptop, the newest first.
func (s *Service) Notices(ctx context.Context) ([]Notice, error) {
	b, err := s.book()
	if err != nil {
		return nil, err
	}
	return b.Notices()
}

// SeenNotice puts a notice away; with id "" all.
func (s *Service) SeenNotice(ctx context.Context, id string) error {
	b, err := s.book()
	if err != nil {
		return err
	}
	return b.SeenNotice(id)
}
