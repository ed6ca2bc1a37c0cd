package service

import (
	"context"
	"maps"
	"slices"

	"gridbook/syncproto"
)

// SyncStatus says what is to be sent, sent, refused and verified.
func (s *Service) SyncStatus(ctx context.Context) (SyncStatus, error) {
	laptop, err := s.unlocked()
	if err != nil {
		return SyncStatus{}, err
	}
	return laptop.SyncStatus()
}

// SyncStatus says what is to be sent, sent, refused and verified, from the
// marks and receipts in the store.
func (l *Laptop) SyncStatus() (SyncStatus, error) {
	out, err := l.brief()
	if err == nil {
		err = l.Book.read(func(r reader) error {
			out.ByKind, err = r.byKind()
			return err
		})
	}
	return out, err
}

// brief is SyncStatus without what takes longer the more is to be sent.
func (l *Laptop) brief() (SyncStatus, error) {
	out := l.Sync.Status()
	out.PhotosShut = l.PhotosProblem()
	err := l.Book.read(func(r reader) error {
		meta, err := r.tx.Meta()
		if err != nil {
			return err
		}
		if out.ToSend, out.Rejected, err = r.tx.Counts(); err != nil {
			return err
		}
		// All that is unsent is this laptop's; the rest of its own was confirmed.
		out.Sent = max(0, len(r.derived.mine)-out.ToSend-out.Rejected)
		if out.Sticks, err = sticksWaiting(r.tx); err != nil {
			return err
		}
		out.Verified = verifiedOf(meta.Verified)
		out.Conflicts = len(r.derived.conflicts)
		out.Clock = clockProblem(meta.Offset)
		photos := r.album.counts()
		out.PhotosToSend, out.PhotosMissing, out.PhotosRefused = photos.toSend, photos.missing, photos.refused
		return nil
	})
	return out, err
}

func verifiedOf(v syncproto.Verified) Verified {
	return Verified{Equal: v.Equal, Records: int(v.Records), At: v.At}
}

func (r reader) byKind() ([]KindLeft, error) {
	counts := map[syncproto.Collection]*KindLeft{}
	for d, err := range r.tx.Deltas() {
		if err != nil {
			return nil, err
		}
		k, ok := counts[d.Collection]
		if !ok {
			k = &KindLeft{Collection: keyOf(d.Collection), Label: labelOf(d.Collection)}
			counts[d.Collection] = k
		}
		if d.Rejected != nil {
			k.Rejected++
		} else {
			k.ToSend++
		}
	}
	var out []KindLeft
	for _, c := range slices.Sorted(maps.Keys(counts)) {
		out = append(out, *counts[c])
	}
	return out, nil
}

// SyncNow syncs and returns when it is done; progress comes as events.
func (s *Service) SyncNow(ctx context.Context) (SyncDone, error) {
	laptop, err := s.unlocked()
	if err != nil {
		return SyncDone{}, err
	}
	done, err := laptop.Sync.SyncNow(ctx)
	s.tellSync()
	return done, err
}

// Rejections lists the changes that the server refused.
func (s *Service) Rejections(ctx context.Context) ([]Rejection, error) {
	b, err := s.book()
	if err != nil {
		return nil, err
	}
	return b.Rejections()
}

// RetryRejected puts a refused change back into the queue; with id "" all.
func (s *Service) RetryRejected(ctx context.Context, collection, id string) error {
	b, err := s.book()
	if err != nil {
		return err
	}
	var k syncproto.Key
	if id != "" {
		if _, k, err = keyFor(collection, id); err != nil {
			return err
		}
	}
	_, err = b.RetryRejected(k)
	return err
}

// clockSlack is how wrong a clock may be before people are told, in ms.
const clockSlack = 10 * 60 * 1000

// clockProblem says that the laptop's clock is wrong; nil if it is not. offset
// is how far the server's is ahead, in ms.
func clockProblem(offset int64) *Problem {
	word, by := "慢", offset
	if offset < 0 {
		word, by = "快", -offset
	}
	if by <= clockSlack {
		return nil
	}
	return &Problem{
		Code: string(syncproto.CodeClockWrong), Message: "这台电脑的时间" + word + "了" + spanText(by),
		Hint: "已按服务器的时间记录，内容不受影响。请在电脑的日期和时间设置里校准，以免走访日期选错。",
	}
}

// spanText says about how long ms are.
func spanText(ms int64) string {
	const minute, hour, day = 60_000, 3_600_000, 86_400_000
	for _, unit := range []struct {
		size int64
		word string
	}{{365 * day, " 年"}, {day, " 天"}, {hour, " 小时"}} {
		if ms >= 2*unit.size {
			return " " + itoa(int(ms/unit.size)) + unit.word
		}
	}
	return " " + itoa(int(ms/minute)) + " 分钟"
}
