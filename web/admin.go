package web

import "slices"

// AdminPlace is one subject of administration on its home page.
type AdminPlace struct {
	ID      string // of the link
	Label   string
	Text    string // what is found there, one sentence
	URL     string
	Waiting int    // how many wait for a decision; 0 hides it
	WaitURL string // where they stand; empty is URL
}

// AdminHomePage is "admin" at /admin: what waits and where everything is.
type AdminHomePage struct {
	Role   string // of the administrator, in words
	Places []AdminPlace
}

// AdminListPage is "admin-list": a filter or search and a list.
type AdminListPage struct {
	Intro      string
	SignInURL  string // set when changes need a new login first
	Links      []Link
	NewURL     string
	NewLabel   string
	Filter     []FormField
	FilterURL  string
	FilterPost bool   // the search holds personal data, which has no place in an address
	FilterName string // label of its button; empty is "filter"
	Hidden     []Hidden
	Table      Table
	Actions    []StateAction
	None       string // title when the list is empty
	NoneText   string
}

// AdminSection is a part of a detail page.
type AdminSection struct {
	ID      string
	Title   string
	Text    string
	Facts   []ShownField
	Tabs    []NavLink // parts of the table, of which one is shown
	Table   *Table
	Links   []Link // below it
	Compare []Comparison
	Actions []StateAction
}

// Comparison sets values side by side and marks where they differ.
type Comparison struct {
	Title string
	Sides []Compared
	Text  string
}

// Compared is one value of a comparison; Other is where it differs.
type Compared struct {
	Label, Head, Other, Tail string
}

// AdminDetailPage is "admin-detail": one thing with its changes of state.
type AdminDetailPage struct {
	Back      Link
	Name      string
	Under     string
	Status    string
	SignInURL string
	EditURL   string
	EditLabel string // empty is "change"
	Links     []Link // beside it
	Facts     []ShownField
	Sections  []AdminSection
	Hidden    []Hidden // goes with every form
	Actions   []StateAction
}

// AdminFormPage is "admin-form": fill in or confirm.
type AdminFormPage struct {
	Back      Link
	Name      string // heading
	Advisory  string
	SignInURL string
	Action    string
	Hidden    []Hidden
	Facts     []ShownField // what is about to be changed
	Fields    []FormField
	Rows      *FormRows
	Closing   []FormField // below the rows
	Submit    string
	Danger    bool
}

// TakesFile tells that the form has to be sent as multipart/form-data.
func (p AdminFormPage) TakesFile() bool {
	return slices.ContainsFunc(p.Fields, func(f FormField) bool { return f.Kind == InputFile })
}

// FormRows is a list that is entered row by row without scripts: the rows that stand, and some that are empty.
type FormRows struct {
	ID      string // of the whole: errors that are of no row point here
	Title   string
	Text    string
	Open    bool
	Rows    []FormRow
	Choices []Option // what inputs whose List is ID offer; other values can be typed
	More    string   // label of the button that shows the form again with more empty rows; empty is none
}

// FormRow is one row.
type FormRow struct {
	Legend string
	Fields []FormField
}

// MoreName is the name of the button for more rows.
func (r FormRows) MoreName() string { return r.ID + "-more" }
