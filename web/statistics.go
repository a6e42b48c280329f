package web

import "time"

// StatisticsPage is "license-statistics" at /license/statistics: figures without personal data (统计).
type StatisticsPage struct {
	Back      Link
	Filter    []FormField
	FilterURL string
	Scope     string    // of which departments they are; empty shows the form alone
	At        time.Time // as of when the register is counted
	Unread    int64     // licences whose last day was not read yet
	Register  FigureTable
	Steps     FigureTable // of verifications, by time
	Chart     Chart       // the same as a picture
	Verified  FigureTable // by the rows of the register
	Channels  FigureTable
	Failures  FigureTable
	ExportURL string
}

// FigureTable is a table of numbers, whose first column says of what. A number may lead to what it counts.
type FigureTable struct {
	ID      string
	Caption string
	Columns []string
	Rows    [][]Link
	NextURL string
}

// Chart is a picture of bars, each of two parts. It says nothing that the table beside it does not say.
type Chart struct {
	First, Last string // labels below its ends
	bars        [][2]int64
}

// ChartBar is a part of a bar in a box of ChartWidth × ChartHeight.
type ChartBar struct {
	X, Y, Width, Height int64
	Other               bool // the second part
}

// Size of charts, in units of their own.
const (
	ChartWidth  = 1000
	ChartHeight = 200
)

// Add adds a bar.
func (c *Chart) Add(label string, part, other int64) {
	if len(c.bars) == 0 {
		c.First = label
	}
	c.Last = label
	c.bars = append(c.bars, [2]int64{part, other})
}

// Most is the number that the highest bar stands for.
func (c Chart) Most() (most int64) {
	for _, bar := range c.bars {
		most = max(most, bar[0]+bar[1])
	}
	return most
}

// Bars are the parts of the bars, from left to right; none where all are zero.
func (c Chart) Bars() (parts []ChartBar) {
	most := c.Most()
	if most == 0 {
		return nil
	}
	step := ChartWidth / int64(len(c.bars))
	for i, bar := range c.bars {
		bottom := int64(ChartHeight)
		for k, n := range bar {
			height := n * ChartHeight / most
			bottom -= height
			if height > 0 {
				parts = append(parts, ChartBar{X: int64(i) * step, Y: bottom, Width: max(step-2, 1), Height: height, Other: k == 1})
			}
		}
	}
	return parts
}
