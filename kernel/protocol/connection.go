package protocol

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
)

// Connection is the content of a connection file: where a kernel listens and the key that signs its messages.
type Connection struct {
	// Transport is "tcp" or "ipc" (Unix sockets, named IP-port).
	Transport string `json:"transport"`
	IP        string `json:"ip"`

	ShellPort   int `json:"shell_port"`
	IOPubPort   int `json:"iopub_port"`
	StdinPort   int `json:"stdin_port"`
	ControlPort int `json:"control_port"`
	HBPort      int `json:"hb_port"`

	Key             string `json:"key"`
	SignatureScheme string `json:"signature_scheme"`
	KernelName      string `json:"kernel_name,omitempty"`

	// The keys of CurveZMQ in Z85, both or none: with them the kernel takes encrypted connections only. The file has the secret one too, as
	// Jupyter's clients use the pair for their side.
	CurvePublicKey string `json:"curve_publickey,omitempty"`
	CurveSecretKey string `json:"curve_secretkey,omitempty"`
}

// ErrConnectionFile is wrapped by the errors of [ReadConnection] about the file's content.
var ErrConnectionFile = errors.New("bad connection file")

// ReadConnection reads a connection file. Transport and scheme may be absent ("tcp", "hmac-sha256").
func ReadConnection(path string) (Connection, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return Connection{}, fmt.Errorf("protocol: connection file: %w", err)
	}
	c := Connection{Transport: "tcp", IP: "127.0.0.1", SignatureScheme: "hmac-sha256"}
	if err := json.Unmarshal(data, &c); err != nil {
		return c, fmt.Errorf("protocol: %s: %w: %w", path, ErrConnectionFile, err)
	}
	if c.Transport != "tcp" && c.Transport != "ipc" {
		return c, fmt.Errorf("protocol: %s: %w: transport %q is neither tcp nor ipc", path, ErrConnectionFile, c.Transport)
	}
	if (c.CurvePublicKey == "") != (c.CurveSecretKey == "") {
		return c, fmt.Errorf("protocol: %s: %w: it has one of curve_publickey and curve_secretkey, and encryption needs both", path, ErrConnectionFile)
	}
	for _, ch := range []Channel{Shell, IOPub, Stdin, Control, Heartbeat} {
		if p := c.Port(ch); p < 0 || p > 65535 {
			return c, fmt.Errorf("protocol: %s: %w: port %d of %s", path, ErrConnectionFile, p, ch)
		}
	}
	return c, nil
}

// Write stores the connection file, readable only by its owner since it holds the key. The file appears at once and whole.
func (c Connection) Write(path string) error {
	data, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return fmt.Errorf("protocol: connection file: %w", err)
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".connection-*") // mode 0600
	if err != nil {
		return fmt.Errorf("protocol: connection file: %w", err)
	}
	_, err = tmp.Write(append(data, '\n'))
	if cerr := tmp.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		_ = os.Remove(tmp.Name())
		return fmt.Errorf("protocol: connection file: %w", err)
	}
	return nil
}

// Port is the port of a channel, 0 for an unknown channel.
func (c Connection) Port(ch Channel) int {
	switch ch {
	case Shell:
		return c.ShellPort
	case IOPub:
		return c.IOPubPort
	case Stdin:
		return c.StdinPort
	case Control:
		return c.ControlPort
	case Heartbeat:
		return c.HBPort
	}
	return 0
}

// SetPort sets the port of a channel.
func (c *Connection) SetPort(ch Channel, port int) {
	switch ch {
	case Shell:
		c.ShellPort = port
	case IOPub:
		c.IOPubPort = port
	case Stdin:
		c.StdinPort = port
	case Control:
		c.ControlPort = port
	case Heartbeat:
		c.HBPort = port
	}
}

// Address is where a channel listens: a network and an address for package net.
func (c Connection) Address(ch Channel) (network, address string) {
	port := strconv.Itoa(c.Port(ch))
	if c.Transport == "ipc" {
		return "unix", c.IP + "-" + port
	}
	ip := c.IP
	if ip == "*" {
		ip = "0.0.0.0"
	}
	return "tcp", net.JoinHostPort(ip, port)
}
