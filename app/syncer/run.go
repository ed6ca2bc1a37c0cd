package syncer

import (
	"context"
	"errors"
	"time"

	"github.com/cenkalti/backoff/v4"
)

// Run syncs until ctx ends: at once, then now and then, soon after edits,
// again after failures, later and later, when the hub said so, and when the
// laptop comes to another network. What a person has to mend is not tried
// again until SyncNow is.
func (s *Syncer) Run(ctx context.Context) {
	failures := backoff.NewExponentialBackOff(
		backoff.WithInitialInterval(s.o.Pace.First), backoff.WithMaxInterval(s.o.Pace.Longest),
		backoff.WithMultiplier(2), backoff.WithRandomizationFactor(0), backoff.WithMaxElapsedTime(0))
	_, err := s.sync(ctx)
	for ctx.Err() == nil {
		if err == nil {
			failures.Reset()
		}
		switch s.rest(ctx, err, failures) {
		case tryNow:
			_, err = s.sync(ctx)
		case triedByOther:
			err = s.lastError()
		}
	}
}

type woken int

const (
	tryNow       woken = iota
	triedByOther       // SyncNow was called meanwhile
)

// rest waits for the next time to try.
func (s *Syncer) rest(ctx context.Context, err error, failures *backoff.ExponentialBackOff) woken {
	var left *photosLeft
	switch {
	case errors.As(err, &left):
		return s.until(ctx, s.pause(err, failures.NextBackOff()), s.wake)
	case err == nil:
		// Between 80 % and 120 %, so that laptops that were switched on at
		// the same time do not come at the same time for ever.
		interval := time.Duration(float64(s.o.Pace.Interval) * (0.8 + 0.4*s.o.Jitter()))
		return s.until(ctx, interval, s.wake)
	case Retryable(err):
		return s.until(ctx, s.pause(err, failures.NextBackOff()), nil)
	}
	return s.until(ctx, 0, nil)
}

// pause is how long to wait after a failure: half to one and a half times the
// backoff, and no less than the hub asked for.
func (s *Syncer) pause(err error, next time.Duration) time.Duration {
	d := time.Duration(float64(next) * (0.5 + s.o.Jitter()))
	var later *Later
	if errors.As(err, &later) {
		d = max(d, time.Duration(float64(later.After)*(1+0.25*s.o.Jitter())))
	}
	return d
}

// until waits for a time (0: for ever), edits, another network (only after a
// failure: when edits are not waited for), or a sync that someone else ended.
func (s *Syncer) until(ctx context.Context, d time.Duration, edits <-chan struct{}) woken {
	var timer, look <-chan time.Time
	if d > 0 {
		t := time.NewTimer(d)
		defer t.Stop()
		timer = t.C
		s.set(func(st *Status) { st.NextTry = s.o.Now() + d.Milliseconds() })
	}
	network := ""
	if d > 0 && edits == nil && s.o.Networks != nil {
		network = s.o.Networks()
		t := time.NewTicker(s.o.Pace.Look)
		defer t.Stop()
		look = t.C
	}
	for {
		select {
		case <-ctx.Done():
			return triedByOther
		case <-s.poked:
			return triedByOther
		case <-timer:
			return tryNow
		case <-look:
			if s.o.Networks() != network {
				return tryNow
			}
		case <-edits:
			return s.settle(ctx)
		}
	}
}

// settle waits until a person pauses, so that what they type one after another
// goes up together.
func (s *Syncer) settle(ctx context.Context) woken {
	patience := time.NewTimer(s.o.Pace.Patience)
	defer patience.Stop()
	quiet := time.NewTimer(s.o.Pace.Quiet)
	defer quiet.Stop()
	for {
		select {
		case <-ctx.Done():
			return triedByOther
		case <-s.poked:
			return triedByOther
		case <-s.wake:
			quiet.Reset(s.o.Pace.Quiet)
		case <-patience.C:
			return tryNow
		case <-quiet.C:
			return tryNow
		}
	}
}
