package rtype

import "testing"

// TestRemembered looks for the places where the runtime remembers which types implement which interfaces, and tries them out.
func TestRemembered(t *testing.T) {
	m := findMemory(lastModule)
	if m == nil {
		t.Fatal("the runtime's table of itabs was not found")
	}
	if len(m.caches) < 100 { // reflect and fmt alone ask for interfaces in many places
		t.Errorf("%d caches of type assertions were found", len(m.caches))
	}
	for range 3 {
		if !m.trial() {
			t.Error("compiled code does not see a method that a type gets later, or one that it has no more")
		}
	}
}
