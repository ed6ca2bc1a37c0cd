package bridge

import (
	"errors"
	"fmt"
)

// Open makes the services behind the screens from the data folder. closing
// closes them; it is called once. It fails with CodeLocked if another program
// holds the folder.
type Open func(data string, events *Events, files *Files) (services []any, closing func() error, err error)

// NewBackend opens the services of a data folder and puts them behind a
// dispatcher, with further services of the host's own. report hears of
// failures that are not a person's to mend. closing closes the services.
func NewBackend(data string, open Open, files *Files, report func(error), more ...any) (b Backend, closing func() error, err error) {
	b = Backend{Events: &Events{}, Files: files}
	services, closing, err := open(data, b.Events, b.Files)
	if err != nil {
		return Backend{}, nil, fmt.Errorf("bridge: open the data: %w", err)
	}
	if b.Calls, err = New(report, append(services, more...)...); err != nil {
		// The mistake is in the program, not in the data.
		return Backend{}, nil, errors.Join(err, closing())
	}
	return b, closing, nil
}
