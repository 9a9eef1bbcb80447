//go:build unix

package pool_test

import (
	"context"
	"errors"
	"iter"
	"os"
	"testing"

	"poolbook/pool"
)

func init() { register(countedNap, "folder") }

// countedNap makes a file of its number; all but the first take long.
func countedNap(n int) int {
	if n == 0 {
		return 0
	}
	return announced(n)
}

// TestLeaveLoop: a loop over results that is left, or interrupted, cancels the rest.
func TestLeaveLoop(t *testing.T) {
	processes(t, func(t *testing.T, _ *output) {
		endless := func(yield func(int) bool) {
			for n := 0; yield(n); n++ {
			}
		}
		for name, results := range map[string]func(*pool.Pool, ...pool.CallOption) iter.Seq2[int, error]{
			"Imap": func(p *pool.Pool, opts ...pool.CallOption) iter.Seq2[int, error] {
				return pool.Imap(p, countedNap, pool.Range(1000), opts...)
			},
			"ImapUnordered": func(p *pool.Pool, opts ...pool.CallOption) iter.Seq2[int, error] {
				return pool.ImapUnordered(p, countedNap, pool.Range(1000), opts...)
			},
			"ImapSeq": func(p *pool.Pool, opts ...pool.CallOption) iter.Seq2[int, error] {
				return pool.ImapSeq(p, countedNap, endless, opts...)
			},
			"BufferSize": func(p *pool.Pool, opts ...pool.CallOption) iter.Seq2[int, error] {
				return pool.Imap(p, countedNap, pool.Range(1000), append(opts, pool.BufferSize(5))...)
			},
		} {
			t.Run(name, func(t *testing.T) {
				for _, how := range []string{"left", "interrupted", "interrupted in the body", "panics", "cancelled by its handle"} {
					folder = t.TempDir()
					p := pool.New(pool.Processes(2))
					ctx, interrupt := context.WithCancel(t.Context())
					setContext(ctx)
					var job pool.JobHandle
					job.Cancel() // there is none yet
					it := results(p, pool.Handle(&job))
					var errs []error
					func() {
						defer func() { _ = recover() }()
						for _, err := range it {
							if err != nil {
								errs = append(errs, err)
								continue
							}
							awaitFile(t, "1")
							switch how {
							case "left":
								return
							case "panics":
								panic("in the loop")
							case "interrupted":
								interrupt()
							case "interrupted in the body":
								interrupt()
								<-job.Done()
								return
							default:
								job.Cancel()
							}
						}
					}()
					<-job.Done()
					interrupt()
					setContext(noContext)
					want := map[string]error{"interrupted": pool.ErrInterrupted, "cancelled by its handle": pool.ErrCancelled}[how]
					if want == nil && len(errs) > 0 || want != nil && (len(errs) != 1 || !errors.Is(errs[0], want)) {
						t.Errorf("%s: got %v, want %v", how, errs, want)
					}
					p.Close()
					if err := p.Join(); err != nil {
						t.Error(err)
					}
					if begun, _ := os.ReadDir(folder); len(begun) > 4 {
						t.Errorf("%s: %d tasks have begun", how, len(begun))
					}
					if s := job.Stats(); s.Done > 4 {
						t.Errorf("%s: %d items are done", how, s.Done)
					}
				}
			})
		}
	})
}

// TestJoinHalfRead: Join does not wait for somebody to take results, who may be the one that waits in it. They are there afterwards.
func TestJoinHalfRead(t *testing.T) {
	both(t, func(t *testing.T, _ *output, threads bool) {
		const size = 500
		items := func(yield func(int) bool) {
			for n := 0; n < size && yield(n); n++ {
			}
		}
		for name, results := range map[string]func(p *pool.Pool) iter.Seq2[int, error]{
			"ImapSeq":          func(p *pool.Pool) iter.Seq2[int, error] { return pool.ImapSeq(p, square, items) },
			"ImapUnorderedSeq": func(p *pool.Pool) iter.Seq2[int, error] { return pool.ImapUnorderedSeq(p, square, items) },
			"BufferSize": func(p *pool.Pool) iter.Seq2[int, error] {
				return pool.Imap(p, square, pool.Range(size), pool.BufferSize(3))
			},
			"BufferSize of a sequence": func(p *pool.Pool) iter.Seq2[int, error] { return pool.ImapSeq(p, square, items, pool.BufferSize(3)) },
		} {
			p := newPool(threads, pool.Processes(2))
			next, stop := iter.Pull2(results(p))
			sum := 0
			take := func() bool {
				v, err, ok := next()
				if err != nil {
					t.Fatal(name, err)
				}
				sum += v
				return ok
			}
			for range 5 {
				take()
			}
			p.Close()
			if err := p.Join(); err != nil {
				t.Error(name, err)
			}
			for take() {
			}
			wantEqual(t, sum, (size-1)*size*(2*size-1)/6)
			stop()
		}
	})
}
