package nbformat

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Object is a JSON object that remembers the order of its keys and the exact
// text of its values. The zero value is empty and ready. It is not safe for
// concurrent use.
type Object struct {
	members []member
}

type member struct {
	key   string
	value json.RawMessage
}

// Len is the number of keys.
func (o *Object) Len() int { return len(o.members) }

// Keys are the keys in the order they were read or set.
func (o *Object) Keys() []string {
	keys := make([]string, len(o.members))
	for i, m := range o.members {
		keys[i] = m.key
	}
	return keys
}

// Raw returns the JSON text under key.
func (o *Object) Raw(key string) (json.RawMessage, bool) {
	for _, m := range o.members {
		if m.key == key {
			return m.value, true
		}
	}
	return nil, false
}

// Decode unmarshals the value under key into v, and reports whether the key is
// there.
func (o *Object) Decode(key string, v any) (bool, error) {
	raw, ok := o.Raw(key)
	if !ok {
		return false, nil
	}
	if err := json.Unmarshal(raw, v); err != nil {
		return true, fmt.Errorf("%s: %w", key, err)
	}
	return true, nil
}

// Set stores v, marshalled, under key: in place when the key is there already,
// else before the first greater key, which keeps a sorted object sorted.
func (o *Object) Set(key string, v any) error {
	raw, err := marshalValue(v)
	if err != nil {
		return fmt.Errorf("set %s: %w", key, err)
	}
	o.setRaw(key, raw)
	return nil
}

func (o *Object) setRaw(key string, raw json.RawMessage) {
	at := len(o.members)
	for i, m := range o.members {
		if m.key == key {
			o.members[i].value = raw
			return
		}
		if m.key > key && i < at {
			at = i
		}
	}
	o.members = append(o.members, member{})
	copy(o.members[at+1:], o.members[at:])
	o.members[at] = member{key, raw}
}

// append adds a key in the order of reading. As in every JSON reader that
// Jupyter uses, the last of equal keys wins.
func (o *Object) append(key string, raw json.RawMessage) {
	for i, m := range o.members {
		if m.key == key {
			o.members[i].value = raw
			return
		}
	}
	o.members = append(o.members, member{key, raw})
}

// Delete removes key, if it is there.
func (o *Object) Delete(key string) {
	for i, m := range o.members {
		if m.key == key {
			o.members = append(o.members[:i], o.members[i+1:]...)
			return
		}
	}
}

// Clone returns an independent copy.
func (o *Object) Clone() Object {
	return Object{members: append([]member(nil), o.members...)}
}

// MarshalJSON writes the object in its own order.
func (o Object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range o.members {
		if i > 0 {
			b.WriteByte(',')
		}
		writeString(&b, m.key)
		b.WriteByte(':')
		b.Write(m.value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// UnmarshalJSON reads a JSON object; null makes an empty one.
func (o *Object) UnmarshalJSON(data []byte) error {
	o.members = nil
	if bytes.Equal(bytes.TrimSpace(data), []byte("null")) {
		return nil
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	start, err := dec.Token()
	if err != nil {
		return err
	}
	if start != json.Delim('{') {
		return errors.New("not a JSON object")
	}
	seen := map[string]int{}
	for dec.More() {
		token, err := dec.Token()
		if err != nil {
			return err
		}
		key := token.(string) // the decoder accepts nothing else here
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return err
		}
		if i, again := seen[key]; again {
			o.members[i].value = raw
			continue
		}
		seen[key] = len(o.members)
		o.members = append(o.members, member{key, raw})
	}
	if _, err := dec.Token(); err != nil {
		return err
	}
	if _, err := dec.Token(); err != io.EOF {
		return errors.New("text after the object")
	}
	return nil
}
