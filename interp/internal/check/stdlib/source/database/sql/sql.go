package sql

import (
	"database/sql/driver"

	"poolbook/interp/internal/bridge/native"
)

// Null is a value that may be NULL.
type Null[T any] struct {
	V     T
	Valid bool
}

// Scan implements sql.Scanner.
func (n *Null[T]) Scan(value any) error {
	if value == nil {
		var zero T
		n.V, n.Valid = zero, false
		return nil
	}
	n.Valid = true
	return native.Assign(&n.V, value)
}

// Value implements driver.Valuer.
func (n Null[T]) Value() (driver.Value, error) {
	if !n.Valid {
		return nil, nil
	}
	v := any(n.V)
	if valuer, ok := v.(driver.Valuer); ok {
		return valuer.Value()
	}
	return driver.DefaultParameterConverter.ConvertValue(v)
}
