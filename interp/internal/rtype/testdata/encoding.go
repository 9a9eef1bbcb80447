//go:build ignore

// Values that encoders and decoders meet.
package main

import (
	"bytes"
	"encoding"
	"encoding/binary"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

type Temp float64

func (t Temp) MarshalJSON() ([]byte, error) {
	return []byte(strconv.Quote(fmt.Sprintf("%.1f°", t))), nil
}
func (t *Temp) UnmarshalJSON(b []byte) error {
	s, err := strconv.Unquote(string(b))
	if err != nil {
		return err
	}
	f, err := strconv.ParseFloat(strings.TrimSuffix(s, "°"), 64)
	*t = Temp(f)
	return err
}

type Level int

func (l Level) MarshalText() ([]byte, error) { return []byte(fmt.Sprint("L", int(l))), nil }
func (l *Level) UnmarshalText(b []byte) error {
	if len(b) < 2 || b[0] != 'L' {
		return errors.New("bad level " + string(b))
	}
	n, err := strconv.Atoi(string(b[1:]))
	*l = Level(n)
	return err
}

var _ encoding.TextMarshaler = Level(0)

type Base struct {
	ID   int       `json:"id" xml:"id,attr"`
	When time.Time `json:"when,omitzero" xml:"-"`
}

type Node struct {
	Base
	Name  string             `json:"name,omitempty" xml:"name"`
	T     Temp               `json:"t" xml:"t"`
	Lev   Level              `json:"lev" xml:"lev"`
	Kids  []*Node            `json:"kids,omitempty" xml:"kids>node"`
	Tags  map[Level]Temp     `json:"tags,omitempty" xml:"-"`
	Any   any                `json:"any,omitempty" xml:"-"`
	Raw   json.RawMessage    `json:"raw,omitempty" xml:"-"`
	Skip  string             `json:"-" xml:"-"`
	Str   int                `json:",string" xml:"-"`
	Ptr   *Temp              `json:"ptr" xml:"-"`
	Arr   [2]Level           `json:"arr" xml:"-"`
	Inner struct{ X, Y int } `json:"inner" xml:"-"`
	priv  int
}

type Shape interface{ Area() float64 }
type Square struct{ Side float64 }
type Circle struct{ R float64 }

func (s Square) Area() float64  { return s.Side * s.Side }
func (c *Circle) Area() float64 { return 3 * c.R * c.R }

type Drawing struct {
	Shapes []Shape
	Names  map[string]Shape
}

type G struct{ a, b int }

func (g G) GobEncode() ([]byte, error) { return []byte{byte(g.a), byte(g.b)}, nil }
func (g *G) GobDecode(p []byte) error  { g.a, g.b = int(p[0]), int(p[1]); return nil }
func (g G) String() string             { return fmt.Sprintf("G%d-%d", g.a, g.b) }

type Header struct {
	Magic [4]byte
	Size  uint32
	Flags Bits
}
type Bits uint16

type Opt[T any] struct {
	V  T
	Ok bool
}

func (o Opt[T]) MarshalJSON() ([]byte, error) {
	if !o.Ok {
		return []byte("null"), nil
	}
	return json.Marshal(o.V)
}
func (o *Opt[T]) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*o = Opt[T]{}
		return nil
	}
	o.Ok = true
	return json.Unmarshal(b, &o.V)
}

func show(v any, err error) {
	if err != nil {
		fmt.Printf("error %T: %v\n", err, err)
		return
	}
	if b, ok := v.([]byte); ok {
		v = string(b)
	}
	fmt.Println(v)
}

func main() {
	pt := Temp(1.5)
	n := &Node{Base: Base{ID: 1}, Name: "root", T: 20.5, Lev: 3, Tags: map[Level]Temp{2: 1, 1: 2}, Any: []any{Temp(1), Level(2), map[string]Temp{"k": 3}}, Raw: json.RawMessage(`{"x":[1]}`), Str: 5, Ptr: &pt, Arr: [2]Level{1, 2},
		Kids: []*Node{{Base: Base{ID: 2}, T: 3}, {Base: Base{ID: 3, When: time.Unix(0, 0).UTC()}, Name: "k"}}}
	b, err := json.Marshal(n)
	show(b, err)
	show(json.MarshalIndent(*n, "", " "))
	var back Node
	fmt.Println(json.Unmarshal(b, &back), back.Kids[1].Base, back.T, back.Lev, back.Tags, *back.Ptr, back.Arr, back.Any)
	fmt.Println(json.Unmarshal([]byte(`{"lev":"x"}`), &back))
	fmt.Println(json.Unmarshal([]byte(`{"id":"x"}`), &back))
	fmt.Println(json.Unmarshal([]byte(`{"name":5}`), &back))
	show(json.Marshal(map[Level]any{1: Square{2}, 2: &Circle{1}, 3: nil}))
	show(json.Marshal(Opt[Temp]{3, true}))
	show(json.Marshal([]Opt[int]{{1, true}, {}}))
	var oi []Opt[string]
	fmt.Println(json.Unmarshal([]byte(`["a",null]`), &oi), oi)
	show(json.Marshal(func() {}))
	show(json.Marshal(struct {
		Base
		*Square
		X Temp `json:"x"`
		y int
	}{Base{ID: 9}, &Square{3}, 2, 1}))
	dec := json.NewDecoder(strings.NewReader(`{"V":1,"Ok":true} {"Z":1}`))
	dec.DisallowUnknownFields()
	type plain struct {
		V  int
		Ok bool
	}
	for {
		var p plain
		if err := dec.Decode(&p); err != nil {
			fmt.Println("decode:", err)
			break
		}
		fmt.Println(p)
	}
	var anyv any
	json.Unmarshal([]byte(`{"b":[1,2.5,"s",null,true],"a":{}}`), &anyv)
	fmt.Println(anyv)
	var shapes struct{ S Shape }
	fmt.Println(json.Unmarshal([]byte(`{"S":{}}`), &shapes))

	x, err := xml.MarshalIndent(n, "", " ")
	show(x, err)
	var xn Node
	fmt.Println(xml.Unmarshal(x, &xn), xn.ID, xn.Name, xn.T, xn.Lev, len(xn.Kids), xn.Kids[1].Name)
	type Attr struct {
		XMLName xml.Name `xml:"attr"`
		L       Level    `xml:"l,attr"`
		Text    string   `xml:",chardata"`
	}
	show(xml.Marshal([]Attr{{L: 4, Text: "<t>"}}))

	gob.Register(Square{})
	gob.Register(&Circle{})
	var buf bytes.Buffer
	err = gob.NewEncoder(&buf).Encode(Drawing{Shapes: []Shape{Square{2}, &Circle{3}}, Names: map[string]Shape{"a": Square{1}}})
	var d Drawing
	err2 := gob.NewDecoder(&buf).Decode(&d)
	fmt.Println(err, err2, d.Shapes[0], d.Shapes[1].Area(), d.Names)
	buf.Reset()
	type withG struct {
		X G
		L []G
	}
	err = gob.NewEncoder(&buf).Encode(withG{G{1, 2}, []G{{3, 4}}})
	var wg withG
	fmt.Println(err, gob.NewDecoder(&buf).Decode(&wg), wg)

	buf.Reset()
	h := Header{[4]byte{'a', 'b', 'c', 'd'}, 7, 0x102}
	fmt.Println(binary.Write(&buf, binary.BigEndian, h), buf.Bytes(), binary.Size(h))
	var h2 Header
	fmt.Println(binary.Read(&buf, binary.BigEndian, &h2), h2 == h, h2)
}
