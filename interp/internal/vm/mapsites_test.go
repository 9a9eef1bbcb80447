package vm

import (
	"runtime"
	"testing"
)

// TestSitesThatAreGone numbers sites of maps of which no more than some are there at a time.
func TestSitesThatAreGone(t *testing.T) {
	var l siteList
	stays := l.add(&mapSite{name: "stays"})
	for range 50 {
		for range 1000 {
			l.add(&mapSite{})
		}
		runtime.GC()
	}
	if len(l.list) > 5000 {
		t.Errorf("%d numbers for 50,000 sites of which 1,000 at most are there", len(l.list))
	}
	if s := l.of(stays.number); s != stays {
		t.Errorf("the site that stays is %+v", s)
	}
	several := map[uint64]*mapSite{}
	for range 5000 {
		s := l.add(&mapSite{})
		if several[s.number] != nil {
			t.Fatal("two sites have one number")
		}
		several[s.number] = s
	}
	runtime.KeepAlive(several)
}
