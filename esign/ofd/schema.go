package ofd

import "slices"

// boxNames are the boxes of a page area.
var boxNames = []string{"PhysicalBox", "ApplicationBox", "ContentBox", "BleedBox"}

// blockNames are the objects of a layer.
var blockNames = []string{"TextObject", "PathObject", "ImageObject", "CompositeObject", "PageBlock"}

// schema is what GB/T 33190-2016 lets stand in the elements that decide what is shown and what is signed, by the root element of the file and
// the element. Elements that are not here are not looked into.
var schema = map[string][]string{
	"OFD/OFD":                 {"DocBody"},
	"OFD/DocBody":             {"DocInfo", "DocRoot", "Versions", "Signatures"},
	"OFD/Versions":            {"Version"},
	"DocVersion/DocVersion":   {"FileList", "DocRoot"},
	"Document/Document":       {"CommonData", "Pages", "Outlines", "Permissions", "Actions", "VPreferences", "Bookmarks", "Annotations", "CustomTags", "Attachments", "Extensions"},
	"Document/CommonData":     {"MaxUnitID", "PageArea", "PublicRes", "DocumentRes", "TemplatePage", "DefaultCS"},
	"Document/PageArea":       boxNames,
	"Document/Pages":          {"Page"},
	"Page/Page":               {"Template", "PageRes", "Area", "Content", "Actions"},
	"Page/Area":               boxNames,
	"Page/Content":            {"Layer"},
	"Page/Layer":              blockNames,
	"Page/PageBlock":          blockNames,
	"Page/TextObject":         {"Actions", "Clips", "FillColor", "StrokeColor", "CGTransform", "TextCode"},
	"Page/PathObject":         {"Actions", "Clips", "FillColor", "StrokeColor", "AbbreviatedData"},
	"Page/ImageObject":        {"Actions", "Clips", "Border"},
	"Res/Res":                 {"ColorSpaces", "DrawParams", "Fonts", "MultiMedias", "CompositeGraphicUnits"},
	"Annotations/Annotations": {"Page"},
	"PageAnnot/PageAnnot":     {"Annot"},
	"PageAnnot/Annot":         {"Remark", "Parameters", "Appearance"},
	"Attachments/Attachments": {"Attachment"},
	"Attachments/Attachment":  {"FileLoc"},
	"Signatures/Signatures":   {"MaxSignId", "Signature"},
	"Signature/Signature":     {"SignedInfo", "SignedValue"},
	"Signature/SignedInfo":    {"Provider", "SignatureMethod", "SignatureDateTime", "Parameters", "References", "StampAnnot", "Seal"},
	"Signature/References":    {"Reference"},
	"Signature/Reference":     {"CheckValue"},
	"Signature/Seal":          {"BaseLoc"},
}

// unknownBefore finds the first element that the schema does not know and that stands before one that it knows: a viewer that reads by position
// goes on where one that reads by name does not, so the two may show different things (security row D-23). An element of another namespace than
// the file's is not known, whatever its name.
func unknownBefore(root *Node) *Node {
	var visit func(n *Node) *Node
	visit = func(n *Node) *Node {
		known, listed := schema[root.Name+"/"+n.Name]
		var unknown *Node
		for _, c := range n.Children {
			switch {
			case listed && (c.Namespace != root.Namespace || !slices.Contains(known, c.Name)):
				if unknown == nil {
					unknown = c
				}
				continue // what stands inside is not known either
			case unknown != nil:
				return unknown
			}
			if found := visit(c); found != nil {
				return found
			}
		}
		return nil
	}
	return visit(root)
}
