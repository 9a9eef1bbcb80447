//go:build unix

package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"image"
	"image/color"
	_ "image/png"
	"io"
	"strings"
	"testing"
	"time"

	"poolbook/kernel/client"
	"poolbook/kernel/protocol"
)

// plotLibrary is a module that draws charts, without C and without anything
// beside the standard library but golang.org/x/image and a font.
const plotLibrary = "github.com/wcharczuk/go-chart/v2@v2.1.2"

// TestPlots draws with a plotting library in cells, as SVG and as PNG.
func TestPlots(t *testing.T) {
	if testing.Short() {
		t.Skip("fetches a module")
	}
	need(t, "go mod download "+plotLibrary)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	k := newPlace(t).kernel(ctx)
	show := func(code string) (data map[string]any) {
		t.Helper()
		reply, err := k.Execute(ctx, code, client.ExecuteOptions{}, func(m *protocol.Message) error {
			switch m.Header.Type {
			case protocol.TypeDisplayData:
				d, err := protocol.Decode[protocol.DisplayData](m)
				data = d.Data
				return err
			case protocol.TypeExecuteResult:
				d, err := protocol.Decode[protocol.ExecuteResult](m)
				data = d.Data
				return err
			}
			return nil
		})
		if err != nil || reply.Status != protocol.StatusOK {
			t.Fatalf("%s: %v: %+v", code, err, reply)
		}
		return data
	}
	show("%get " + plotLibrary + `
import chart "github.com/wcharczuk/go-chart/v2"

graph := chart.Chart{Title: "Squares", Width: 640, Height: 300}
xs, ys := []float64{}, []float64{}
for i := range 20 {
	xs, ys = append(xs, float64(i)), append(ys, float64(i*i))
}
graph.Series = []chart.Series{chart.ContinuousSeries{XValues: xs, YValues: ys}}`)

	svg, _ := show("var drawing strings.Builder\ngraph.Render(chart.SVG, &drawing)\ndisplay.SVG(drawing.String())")["image/svg+xml"].(string)
	d := xml.NewDecoder(strings.NewReader(svg))
	paths, title := 0, false
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%v in %.200s", err, svg)
		}
		switch token := token.(type) {
		case xml.StartElement:
			if token.Name.Local == "path" {
				paths++
			}
		case xml.CharData:
			title = title || string(token) == "Squares"
		}
	}
	if paths < 10 || !title {
		t.Errorf("%d paths, title: %v", paths, title)
	}

	// The same as an image.Image, which is a cell's value.
	encoded, _ := show("var picture bytes.Buffer\ngraph.Render(chart.PNG, &picture)\nimg, _, err := image.Decode(&picture)\nimg")["image/png"].(string)
	raw, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		t.Fatal(err)
	}
	img, _, err := image.Decode(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	colours := map[color.Color]bool{}
	for x := range img.Bounds().Dx() {
		for y := range img.Bounds().Dy() {
			colours[img.At(x, y)] = true
		}
	}
	if size := img.Bounds().Size(); size != image.Pt(640, 300) || len(colours) < 10 {
		t.Errorf("a picture of %v with %d colours", size, len(colours))
	}
}
