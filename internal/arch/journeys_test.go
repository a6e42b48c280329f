package arch

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/internal/testkit"
)

var (
	testFunction = regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	rowOfName    = regexp.MustCompile(`^([AIMX])(\d\d)(?:To([AIMX])(\d\d))?`)
	namedTest    = regexp.MustCompile("`(Test\\w+)`")
	journeyStep  = regexp.MustCompile(`(?m)^\| (3\.\d+\.\d+) \| ([^|]*) \| ([^|]*) \| ([^|]*) \|$`)
)

// testNames are all tests of the module.
func testNames(t *testing.T) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(testkit.Root(), func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name := entry.Name(); entry.IsDir() && (name == "node_modules" || len(name) > 1 && strings.HasPrefix(name, ".") && name != "..") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, "_test.go") {
			return nil
		}
		content, err := os.ReadFile(path)
		for _, found := range testFunction.FindAllStringSubmatch(string(content), -1) {
			names = append(names, found[1])
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(names) < 1000 {
		t.Fatalf("only %d tests were found", len(names))
	}
	return names
}

// rowsOf are the rows of the specifications that a name begins with: TestA15ToA16LoginByQR is about.
func rowsOf(name string) (rows []string) {
	rest := strings.TrimPrefix(name, "Test")
	for {
		found := rowOfName.FindStringSubmatch(rest)
		if found == nil {
			return rows
		}
		first, _ := strconv.Atoi(found[2])
		last := first
		if found[4] != "" {
			last, _ = strconv.Atoi(found[4])
		}
		for n := first; n <= last; n++ {
			rows = append(rows, fmt.Sprintf("%s-%02d", found[1], n))
		}
		rest = rest[len(found[0]):]
	}
}

// promised are the rows of security.md and experience.md that the people room answers for.
func promised() (rows []string) {
	span := func(letter string, first, last int) {
		for n := first; n <= last; n++ {
			rows = append(rows, fmt.Sprintf("%s-%02d", letter, n))
		}
	}
	span("A", 1, 32)
	span("I", 1, 10)
	span("I", 15, 19)
	span("M", 1, 5)
	span("X", 1, 4)
	span("X", 7, 8)
	span("X", 10, 12)
	for _, n := range []int{18, 20, 21, 27} {
		span("X", n, n)
	}
	return rows
}

// TestEveryRowHasATestOfItsName: whoever looks for a row of the specifications finds its test by name, and a row cannot lose its
// last one unseen.
func TestEveryRowHasATestOfItsName(t *testing.T) {
	have := map[string]bool{}
	for _, name := range testNames(t) {
		for _, row := range rowsOf(name) {
			have[row] = true
		}
	}
	for _, row := range promised() {
		if !have[row] {
			t.Errorf("no test has %s in its name", row)
		}
	}
	if got := rowsOf("TestA09ToA13I02Sample"); !slices.Equal(got, []string{"A-09", "A-10", "A-11", "A-12", "A-13", "I-02"}) {
		t.Errorf("rows of a name are read as %v", got)
	}
}

// TestEveryStepOfAJourneyNamesItsTest: docs/reference/journeys.md names for each step of §3.1 to §3.8 and §3.13 of experience.md a
// test with scripts and one without, and all of them exist. A step without either says why.
func TestEveryStepOfAJourneyNamesItsTest(t *testing.T) {
	names := testNames(t)
	page := documents(t)["docs/reference/journeys.md"]
	for _, found := range namedTest.FindAllStringSubmatch(page, -1) {
		if !slices.Contains(names, found[1]) {
			t.Errorf("docs/reference/journeys.md names %s, which is not there", found[1])
		}
	}
	sections := map[string]int{}
	for _, row := range journeyStep.FindAllStringSubmatch(page, -1) {
		sections[row[1][:strings.LastIndexByte(row[1], '.')]]++
		for mode, cell := range map[string]string{"with": row[3], "without": row[4]} {
			if !namedTest.MatchString(cell) && !strings.HasPrefix(cell, "scripts only: ") {
				t.Errorf("step %s has no test %s scripts: %q", row[1], mode, cell)
			}
		}
	}
	for _, section := range []string{"3.1", "3.2", "3.3", "3.4", "3.5", "3.6", "3.7", "3.8", "3.13"} {
		if sections[section] < 3 {
			t.Errorf("section %s has %d steps", section, sections[section])
		}
	}
}
