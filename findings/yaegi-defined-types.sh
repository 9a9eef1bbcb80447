#!/usr/bin/env bash
# github.com/traefik/yaegi v0.16.1: a type that a program defines is not a type of its own at run time.
#
# For the interpreter's own checks `type A int` and `type B int` differ. The values are reflect's int all the same, so
# that a type assertion from A to B succeeds, a type switch that names both takes neither, values of two struct types with the
# same fields are equal in an interface, and compiled code does not see methods below the top of a value: fmt prints
# the numbers of a []Color, encoding/json passes a field's MarshalJSON by, %T has no name.
#
# Seen: each line below, first what compiled Go 1.26 prints, then yaegi.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
mkdir compiled interpreted
cat > go.mod <<'M'
module try

go 1.26.0
M
cat > compiled/main.go <<'G'
package main

import (
	"encoding/json"
	"fmt"
)

type A int
type B int
type P struct{ X int }
type Q struct{ X int }
type Color int

func (Color) String() string { return "red" }

type Celsius float64

func (Celsius) MarshalJSON() ([]byte, error) { return []byte(`"warm"`), nil }

type Room struct{ T Celsius }

func main() {
	var a any = A(1)
	_, ok := a.(B)
	fmt.Println("A is B:", ok)
	switch a.(type) {
	case B:
		fmt.Println("switch: B")
	case A:
		fmt.Println("switch: A")
	}
	var p, q any = P{1}, Q{1}
	fmt.Println("P{1} == Q{1}:", p == q)
	fmt.Println("colours:", Color(0), []Color{0})
	text, _ := json.Marshal(Room{21})
	fmt.Println("json:", string(text))
	fmt.Printf("%%T: %T\n", P{1})
}
G
cat > interpreted/main.go <<'G'
package main

import (
	"log"

	"github.com/traefik/yaegi/interp"
	"github.com/traefik/yaegi/stdlib"
)

func main() {
	i := interp.New(interp.Options{})
	if err := i.Use(stdlib.Symbols); err != nil {
		log.Fatal(err)
	}
	if _, err := i.EvalPath("compiled/main.go"); err != nil {
		log.Fatal(err)
	}
}
G
go get github.com/traefik/yaegi@v0.16.1 2>/dev/null
go run ./compiled > want
go run ./interpreted > got
echo 'compiled:'; cat want; echo 'yaegi:'; cat got
diff - want <<'W'
A is B: false
switch: A
P{1} == Q{1}: false
colours: red [red]
json: {"T":"warm"}
%T: main.P
W
diff - got <<'W'
A is B: true
P{1} == Q{1}: true
colours: red [0]
json: {"T":21}
%T: struct { X int }
W
