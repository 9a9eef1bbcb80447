package proc

import (
	"os"
	"syscall"
	"testing"
)

// TestBeaconSpace holds that all of a beacon's memory is there before anybody touches it, and that it cannot be taken away again.
func TestBeaconSpace(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir()+"/none") // which it does not need
	b, f, err := newBeacon()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	defer b.Close()
	if err := f.Truncate(0); err == nil {
		t.Error("who has the file of a beacon can make it shorter")
	}
	space(t, f)
}

// TestTemporaryFileSpace is the same for where no memory file is to be had.
func TestTemporaryFileSpace(t *testing.T) {
	f, err := temporaryFile()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	space(t, f)
}

func space(t *testing.T, f *os.File) {
	t.Helper()
	var st syscall.Stat_t
	if err := syscall.Fstat(int(f.Fd()), &st); err != nil {
		t.Fatal(err)
	}
	if st.Size != sharedSize || st.Blocks*512 < sharedSize {
		t.Errorf("%d bytes, of which %d are there; want %d", st.Size, st.Blocks*512, sharedSize)
	}
}
