package main

import (
	"strings"
	"testing"

	"poolbook/kernel/client"
	"poolbook/kernel/protocol"
)

// TestNoDescriptors uses up the descriptors of a kernel: what needs one is an error of the cell, and when there are some again all goes on.
func TestNoDescriptors(t *testing.T) {
	p := newPlace(t)
	k, err := client.Start(t.Context(), client.Spec{
		Argv:          []string{"/bin/sh", "-c", `ulimit -n 100 && exec "$0" "$@"`, program(t), "kernel", "-f", "{connection_file}"},
		InterruptMode: client.InterruptMessage, Name: kernelName, DisplayName: kernelDisplayName, Language: "go",
	}, client.Options{Dir: p.dir, ConnectionDir: p.dir, Env: p.env()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = k.Kill() })
	for _, c := range []struct{ code, want string }{
		{"var files []*os.File\nvar err error\nfor err == nil {\n\tvar f *os.File\n\tif f, err = os.Open(os.DevNull); err == nil { files = append(files, f) }\n}\nfmt.Println(err, len(files) > 10)", "too many open files true"},
		{"fmt.Println(6 * 7)", "42"},
		{"func() {\n\tdefer func() { fmt.Println(recover() != nil) }()\n\tp := pool.New(pool.Processes(2))\n\t_, err := p.Map(func(n int) int { return n * n }, []int{1, 2, 3})\n\tif err != nil { panic(err) }\n}()", "true"},
		{"fmt.Println(strings.Repeat(\"a lot of output\\n\", 3))", "a lot of output"},
		{"for _, f := range files { f.Close() }\nfmt.Println(len(files) > 10)", "true"},
		{"pool.With(func(p *pool.Pool) { fmt.Println(p.Map(func(n int) int { return n * n }, []int{1, 2, 3})) }, pool.Processes(2))", "[1 4 9] <nil>"},
	} {
		var out strings.Builder
		reply, err := k.Execute(t.Context(), c.code, client.ExecuteOptions{GoOnAfterErrors: true}, func(m *protocol.Message) error {
			if m.Header.Type != protocol.TypeStream {
				return nil
			}
			s, err := protocol.Decode[protocol.Stream](m)
			if err == nil {
				out.WriteString(s.Text)
			}
			return err
		})
		if err != nil {
			t.Fatalf("%s: %v", c.code, err)
		}
		if !strings.Contains(out.String(), c.want) {
			t.Errorf("%s: %q, not %q (%s: %+v)", c.code, out.String(), c.want, reply.Status, reply.ErrorInfo)
		}
	}
}
