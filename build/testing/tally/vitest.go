package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// report is what Vitest's JSON reporter writes, as far as it is of use here.
type report struct {
	TestResults []struct {
		Name             string
		Status           string
		Message          string
		AssertionResults []struct {
			FullName        string
			Status          string
			FailureMessages []string
		}
	}
}

// countVitest counts the tests of a report. A file that fails without a
// failing test (it cannot be loaded) counts as one; whatever neither passed
// nor failed was skipped and counts as failed.
func (got *result) countVitest(text []byte) error {
	var r report
	if err := json.Unmarshal(text, &r); err != nil {
		return fmt.Errorf("read the report of Vitest: %w", err)
	}
	if len(r.TestResults) == 0 {
		return errors.New("the report of Vitest names no test files")
	}
	for _, file := range r.TestResults {
		failed := 0
		for _, test := range file.AssertionResults {
			if test.Status == "passed" {
				got.passed++
				continue
			}
			failed++
			got.fail(fmt.Sprintf("%s: %s: %s\n%s", file.Name, test.FullName, test.Status, strings.Join(test.FailureMessages, "\n")))
		}
		if file.Status != "passed" && failed == 0 {
			got.fail(fmt.Sprintf("%s: %s\n%s", file.Name, file.Status, file.Message))
		}
	}
	return nil
}
