package web

// TypeUploadPage is "type-upload": a package of a licence type is sent, and what is wrong with the one that was.
type TypeUploadPage struct {
	Back   Link
	Action string
	Faults *Table
}

// FaceDrawing is a page of a face as it is issued.
type FaceDrawing struct {
	PNG               []byte
	Page, Total       int
	WidthMM, HeightMM float64
	Box               *FaceBox // what is chosen, where it stands on this page
}

// FaceBox is a place on a page, in millimetres.
type FaceBox struct{ X, Y, Width, Height float64 }

// TypeFacePage is "type-face": the template of a draft of a licence type, drawn with data, its items as a list and the chosen one as a form.
type TypeFacePage struct {
	Back    Link
	Name    string
	Self    string // path without its query
	Hidden  []Hidden
	Drawing *FaceDrawing // nil where it cannot be drawn
	Problem string       // why not
	Show    []FormField  // which page and data are drawn
	ShowKey []Hidden     // goes with that choice
	Items   Table
	Chosen  string   // heading of the form; empty without one
	Faults  []string // of what is chosen
	Fields  []FormField
	Kept    []Hidden // what is chosen, goes with its form
	Buttons []Option // beside saving
	Add     []FormField
}
