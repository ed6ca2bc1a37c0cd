// Package bridge lets the screens call Go. One dispatcher answers calls by
// method name and JSON, so that the desktop window, with its one bound method,
// and the browser host, with its one address, share every rule: strict
// arguments, one place that recovers from panics, errors a person can act on.
package bridge

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"runtime/debug"
	"slices"

	"gridbook/syncproto"
)

var (
	contextType = reflect.TypeFor[context.Context]()
	errorType   = reflect.TypeFor[error]()
)

// Dispatcher answers calls with the exported methods of its services.
// It is safe for concurrent use if the services are.
type Dispatcher struct {
	methods map[string]method
	report  func(error)
}

// method is one callable method, taken apart once when the program starts.
type method struct {
	fn      reflect.Value
	ctx     bool           // the first parameter is the context
	args    []reflect.Type // the parameters after the context
	result  reflect.Type   // nil if the method returns only an error or nothing
	failing bool           // the last result is an error
}

// New makes a dispatcher over every exported method of the services whose
// shape is func([context.Context], args...) ([result], [error]). Failures that
// are not a person's to mend, panics among them, also go to report, which may
// be nil. It fails if a method has another shape or two share a name: both are
// mistakes of the program, found by its first test.
func New(report func(error), services ...any) (*Dispatcher, error) {
	if report == nil {
		report = func(error) {}
	}
	d := &Dispatcher{methods: map[string]method{}, report: report}
	for _, s := range services {
		v := reflect.ValueOf(s)
		for i := range v.NumMethod() {
			name := v.Type().Method(i).Name
			if _, twice := d.methods[name]; twice {
				return nil, fmt.Errorf("bridge: two services have a method %s", name)
			}
			m, err := takeApart(v.Method(i))
			if err != nil {
				return nil, fmt.Errorf("bridge: method %T.%s: %w", s, name, err)
			}
			d.methods[name] = m
		}
	}
	return d, nil
}

func takeApart(fn reflect.Value) (method, error) {
	t := fn.Type()
	m := method{fn: fn}
	if t.IsVariadic() {
		return m, errors.New("variadic parameters cannot be called from a screen")
	}
	for i := range t.NumIn() {
		if in := t.In(i); in == contextType && i == 0 {
			m.ctx = true
		} else {
			m.args = append(m.args, in)
		}
	}
	outs := t.NumOut()
	if outs > 0 && t.Out(outs-1) == errorType {
		m.failing = true
		outs--
	}
	switch outs {
	case 0:
	case 1:
		m.result = t.Out(0)
	default:
		return m, errors.New("more than one result besides the error")
	}
	return m, nil
}

// Methods returns the names that Call knows, sorted.
func (d *Dispatcher) Methods() []string {
	names := make([]string, 0, len(d.methods))
	for name := range d.methods {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Call runs a method. args is a JSON array with exactly its arguments; the
// answer is the JSON of its result, "null" if it has none. Every error is a
// *syncproto.Error with code, message and hint: CodeUsage for an unknown
// method or arguments that do not fit, CodeInternal after a panic.
func (d *Dispatcher) Call(ctx context.Context, name string, args []byte) (reply []byte, err error) {
	m, ok := d.methods[name]
	if !ok {
		return nil, explain(&syncproto.Error{Code: syncproto.CodeUsage, Err: fmt.Errorf("bridge: no method %q", name)})
	}
	in, err := m.decode(ctx, args)
	if err != nil {
		return nil, explain(&syncproto.Error{Code: syncproto.CodeUsage, Err: fmt.Errorf("bridge: call %s: %w", name, err)})
	}
	// In the desktop window an escaping panic ends the program with whatever
	// the person had not saved, so this wrapper stands round every method.
	defer func() {
		if p := recover(); p != nil {
			failure := fmt.Errorf("bridge: call %s: panic: %v\n%s", name, p, debug.Stack())
			d.report(failure)
			reply, err = nil, explain(failure)
		}
	}()
	out := m.fn.Call(in)
	if m.failing {
		if failure, _ := out[len(out)-1].Interface().(error); failure != nil {
			if syncproto.CodeOf(failure) == syncproto.CodeInternal {
				d.report(fmt.Errorf("bridge: call %s: %w", name, failure))
			}
			return nil, explain(failure)
		}
	}
	if m.result == nil {
		return []byte("null"), nil
	}
	reply, err = json.Marshal(withoutNil(out[0]).Interface())
	if err != nil {
		err = fmt.Errorf("bridge: call %s: encode the result: %w", name, err)
		d.report(err)
		return nil, explain(err)
	}
	return reply, nil
}

// decode turns the JSON array into the method's parameters. It is strict: a
// misspelt field would otherwise silently lose what somebody typed.
func (m method) decode(ctx context.Context, args []byte) ([]reflect.Value, error) {
	var raw []json.RawMessage
	if err := decodeStrict(args, &raw); err != nil {
		return nil, fmt.Errorf("arguments: %w", err)
	}
	if len(raw) != len(m.args) {
		return nil, fmt.Errorf("%d arguments instead of %d", len(raw), len(m.args))
	}
	in := make([]reflect.Value, 0, len(m.args)+1)
	if m.ctx {
		in = append(in, reflect.ValueOf(ctx))
	}
	for i, t := range m.args {
		v := reflect.New(t)
		if err := decodeStrict(raw[i], v.Interface()); err != nil {
			return nil, fmt.Errorf("argument %d: %w", i+1, err)
		}
		in = append(in, v.Elem())
	}
	return in, nil
}

func decodeStrict(data []byte, into any) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return err
	}
	if _, err := dec.Token(); err != io.EOF {
		return errors.New("something follows the value")
	}
	return nil
}
