package kernel

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"poolbook/kernel/client"
	"poolbook/kernel/protocol"
	"poolbook/kernel/transport/curve"
)

// encrypting is a kernelspec that says that its kernel has CurveZMQ.
func encrypting(s client.Spec) client.Spec {
	s.Metadata = map[string]any{"supported_encryption": []any{"curve"}}
	return s
}

// TestEncryption starts kernels under each policy: with keys where the policy and the kernelspec say so, and not at all where they contradict.
func TestEncryption(t *testing.T) {
	for _, c := range []struct {
		policy    client.Encryption
		supported any
		encrypted bool
		refused   bool
	}{
		{"", []string{"curve"}, false, false},
		{client.EncryptionDisabled, "curve", false, false},
		{client.EncryptionAuto, []any{" Curve "}, true, false},
		{client.EncryptionAuto, nil, false, false},
		{client.EncryptionAuto, []any{"tls", 7}, false, false},
		{client.EncryptionRequired, "CURVE", true, false},
		{client.EncryptionRequired, []any{"tls"}, false, true},
		{client.EncryptionRequired, nil, false, true},
		{"sometimes", "curve", false, true},
	} {
		dir := t.TempDir()
		spec := echoSpec()
		spec.Metadata = map[string]any{"supported_encryption": c.supported}
		k, err := client.Start(t.Context(), spec, client.Options{ConnectionDir: dir, Encryption: c.policy})
		if c.refused != errors.Is(err, client.ErrEncryption) || !c.refused && err != nil {
			t.Errorf("%q with %v: %v", c.policy, c.supported, err)
		}
		if err != nil {
			continue
		}
		names, _ := filepath.Glob(filepath.Join(dir, "*.json"))
		var info map[string]any
		data, err := os.ReadFile(names[0])
		if err == nil {
			err = json.Unmarshal(data, &info)
		}
		if err != nil {
			t.Fatal(err)
		}
		public, has := info["curve_publickey"].(string)
		if secret, _ := info["curve_secretkey"].(string); has != c.encrypted || has && (len(public) != 40 || len(secret) != 40) {
			t.Errorf("%q with %v: the connection file has %v", c.policy, c.supported, info)
		}
		if err := k.Ping(t.Context()); err != nil {
			t.Error(err)
		}
		if err := k.Restart(t.Context()); err != nil {
			t.Error(err)
		}
		if err := k.Ping(t.Context()); err != nil {
			t.Error(err)
		}
		if err := k.Kill(); err != nil {
			t.Error(err)
		}
	}
}

// A kernel whose connection file has half of the keys, or keys that are none, does not go on without encryption.
func TestEncryptionKeys(t *testing.T) {
	keys, err := curve.NewKeys(nil)
	if err != nil {
		t.Fatal(err)
	}
	other, err := curve.NewKeys(nil)
	if err != nil {
		t.Fatal(err)
	}
	for want, c := range map[string]protocol.Connection{
		"has one of":         {CurvePublicKey: keys.Public.String()},
		"it has one":         {CurveSecretKey: keys.Secret.String()},
		"not the 40 of Z85":  {CurvePublicKey: keys.Public.String(), CurveSecretKey: "abc"},
		"that of the secret": {CurvePublicKey: other.Public.String(), CurveSecretKey: keys.Secret.String()},
	} {
		c.Transport, c.IP, c.SignatureScheme = "tcp", "127.0.0.1", "hmac-sha256"
		file := filepath.Join(t.TempDir(), "connection.json")
		if err := c.Write(file); err != nil {
			t.Fatal(err)
		}
		err := Run(t.Context(), Config{ConnectionFile: file, Session: newEcho(), ParentPID: -1, IgnoreSignals: true})
		if !errors.Is(err, protocol.ErrConnectionFile) || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q: %v", want, err)
		}
		if err != nil && strings.Contains(err.Error(), keys.Secret.String()) {
			t.Errorf("the error tells the secret key: %v", err)
		}
	}
}

// TestEncryptedIPython starts a kernel of libzmq's that has CurveZMQ on all its sockets.
func TestEncryptedIPython(t *testing.T) {
	if testing.Short() {
		t.Skip("starts Python and takes seconds")
	}
	needsPython(t, "ipykernel", "zmq")
	script, err := filepath.Abs("testdata/curve_kernel.py")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	spec := encrypting(client.Spec{Name: "python3", Language: "python", Argv: []string{python, script, "-f", "{connection_file}"}})
	k, err := client.Start(t.Context(), spec, client.Options{ConnectionDir: dir, Encryption: client.EncryptionRequired,
		Env: []string{"IPYTHONDIR=" + dir, "HOME=" + dir, "PYDEVD_DISABLE_FILE_VALIDATION=1"}, Stderr: testLog{t}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.Background(), soon)
		defer cancel()
		if err := k.Shutdown(ctx); err != nil {
			t.Error(err)
		}
	}()
	var out strings.Builder
	reply, err := k.Execute(t.Context(), "print('x' * 100000, 6 * 7)", client.ExecuteOptions{}, func(m *protocol.Message) error {
		var s protocol.Stream
		if m.Header.Type == protocol.TypeStream && json.Unmarshal(m.Content, &s) == nil {
			out.WriteString(s.Text)
		}
		return nil
	})
	if err != nil || reply.Status != "ok" || !strings.HasSuffix(out.String(), "x 42\n") || out.Len() != 100004 {
		t.Errorf("%d bytes of output, %+v, %v", out.Len(), reply, err)
	}
	if err := k.Ping(t.Context()); err != nil {
		t.Error(err)
	}
}
