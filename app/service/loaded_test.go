package service

import (
	"testing"
	"time"
)

// The first screen is read before the logs have been gone through; it is told
// when they have been.
func TestScreensAreToldWhenLogsAreLoaded(t *testing.T) {
	c := newClock()
	o := options(t, c, secretary())
	l, err := Join(t.Context(), o, invitation(), "村委电脑", password)
	if err != nil {
		t.Fatal(err)
	}
	v := settle(t, l.Book)
	put(t, l.Book, "matter", map[string]any{"no": "1", "date": "2024-03-01", "category": "环境", "content": "路灯不亮", "household": v.first})
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	told := make(chan struct{}, 16)
	s, closing := New(o, nil, func(topic string, _ uint64, _ any) {
		if topic == TopicRecords {
			told <- struct{}{}
		}
	})
	t.Cleanup(func() {
		if err := closing(); err != nil {
			t.Error(err)
		}
	})
	if _, err := s.Unlock(t.Context(), password); err != nil {
		t.Fatal(err)
	}
	select {
	case <-told:
	case <-time.After(10 * time.Second): // only if it is never told
		t.Fatal("nobody was told that the logs are loaded")
	}
	home, err := s.Home(t.Context())
	if err != nil || home.Loading || home.MattersN != 1 {
		t.Errorf("home after it was told: %+v, %v", home, err)
	}
}
