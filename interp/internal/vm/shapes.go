package vm

import "reflect"

// shapeCode returns the code of the native function for func values of type ft,
// 0 when it has none.
func shapeCode(ft reflect.Type) uintptr { return 0 }

func testShapes() error { return nil }
