package ofd

import "slices"

// Picture is a picture of a page, or another object that may draw one.
type Picture struct {
	ObjectID string
	// Plain says that it is an ImageObject of the page itself, whole and opaque: it has a boundary, a matrix and a resource, and nothing that changes how it is
	// seen.
	Plain            bool
	Boundary, Matrix []float64 // as they stand there; CTM of GB/T 33190-2016 8.5, nil where it is missing or no list of numbers
	File             string    // path of the file that is drawn; empty unless exactly one resource of the ID leads to a file
}

// plainImage are the attributes of an ImageObject that is plain.
var plainImage = []string{"ID", "Boundary", "CTM", "ResourceID"}

// Pictures gives what may draw a picture on a page and its templates, in the order of its objects: image objects and composite ones
// (GB/T 33190-2016 clauses 10 and 13).
func (p *Package) Pictures(page Page) ([]Picture, error) {
	var list []Picture
	for _, path := range append(slices.Clone(page.Templates), page.Path) {
		if !p.Has(path) {
			continue
		}
		tree, failure := p.tree(path)
		if failure != nil {
			return nil, failure
		}
		for _, layer := range tree.Child("Content").All("Layer") {
			for _, node := range drawers(nil, layer) {
				one := Picture{ObjectID: node.AttrOr("ID", ""), Boundary: floats(node.AttrOr("Boundary", "")), Matrix: floats(node.AttrOr("CTM", ""))}
				one.Plain = node.Name == "ImageObject" && path == page.Path && len(node.Children) == 0
				for _, attribute := range node.Attrs {
					one.Plain = one.Plain && slices.Contains(plainImage, attribute.Name)
				}
				if facts := p.pages[path]; facts != nil {
					one.File = p.pictureFile(slices.Concat(p.current().resources, facts.resources), node.AttrOr("ResourceID", ""))
				}
				list = append(list, one)
			}
		}
	}
	return list, nil
}

func drawers(list []*Node, holder *Node) []*Node {
	for _, node := range holder.Children {
		switch node.Name {
		case "ImageObject", "CompositeObject":
			list = append(list, node)
		case "PageBlock":
			list = drawers(list, node)
		}
	}
	return list
}

// pictureFile is the file of the one picture that has the ID in resource files. Two of one ID give none: viewers differ in which they take.
func (p *Package) pictureFile(resources []string, id string) (file string) {
	slices.Sort(resources)
	found := 0
	for _, path := range slices.Compact(resources) {
		tree, failure := p.tree(path)
		if failure != nil {
			return ""
		}
		base, failure := resourceBase(path, tree)
		if failure != nil {
			return ""
		}
		for _, media := range tree.Child("MultiMedias").All("MultiMedia") {
			if media.AttrOr("ID", "") != id {
				continue
			}
			found++
			if target, there, _ := p.locate(base, media.Child("MediaFile").Value()); there && media.AttrOr("Type", "") == "Image" {
				file = target
			}
		}
	}
	if found != 1 {
		return ""
	}
	return file
}

// Annotated tells whether the document names annotations (GB/T 33190-2016 clause 15), which draw over its pages.
func (d *Document) Annotated() bool { return d.tree.Child("Annotations") != nil }
