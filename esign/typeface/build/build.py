"""Makes the embedded typefaces: GB 2312 subsets of Noto CJK SC as TrueType outlines, renamed as the licence asks.

Run with Debian's packages fonts-noto-cjk and python3-fonttools installed:  python3 build.py
"""
import sys
from fontTools import subset
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTCollection, newTable

FACES = [
    ("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc", "Noto Sans CJK SC", "Yinxin Sans", "YinxinSans.ttf"),
    ("/usr/share/fonts/opentype/noto/NotoSerifCJK-Bold.ttc", "Noto Serif CJK SC", "Yinxin Serif", "YinxinSerif.ttf"),
]


def characters():
    text = set(chr(c) for c in range(0x20, 0x7F)) | set("·×÷°±—–‘’“”…‰′″℃¥£€©®•①②③④⑤⑥⑦⑧⑨⑩□■○●△▲☆★→←↑↓〇")
    for high in range(0xA1, 0xF8):
        for low in range(0xA1, 0xFF):
            try:
                text.add(bytes([high, low]).decode("gb2312"))
            except UnicodeDecodeError:
                pass
    text |= set(chr(c) for c in range(0xFF01, 0xFF5F)) | set("　、。〈〉《》「」『』【】〔〕〖〗")
    return text


def find(path, name):
    for font in TTCollection(path).fonts:
        if font["name"].getDebugName(4) and font["name"].getDebugName(1) == name or (font["name"].getDebugName(16) or "") == name:
            return font
        if (font["name"].getDebugName(4) or "").startswith(name):
            return font
    sys.exit(f"{name} is not in {path}")


def main():
    for path, face, family, target in FACES:
        font = find(path, face)
        options = subset.Options()
        options.layout_features, options.hinting, options.notdef_outline, options.name_IDs = [], False, True, []
        options.drop_tables += ["GSUB", "GPOS", "GDEF", "BASE", "VORG", "vhea", "vmtx", "DSIG"]
        worker = subset.Subsetter(options)
        worker.populate(unicodes=[ord(c) for c in characters()])
        worker.subset(font)
        glyphs, order = font.getGlyphSet(), font.getGlyphOrder()
        outlines = {}
        for name in order:
            pen = TTGlyphPen(None)
            glyphs[name].draw(Cu2QuPen(pen, max_err=1.2, reverse_direction=True))
            outlines[name] = pen.glyph()
        glyf = newTable("glyf")
        glyf.glyphOrder, glyf.glyphs = order, outlines
        font["loca"], font["glyf"] = newTable("loca"), glyf
        del font["CFF "]
        if "VORG" in font:
            del font["VORG"]
        maxp = font["maxp"]
        maxp.tableVersion = 0x00010000
        for field in ("maxZones maxTwilightPoints maxStorage maxFunctionDefs maxInstructionDefs maxStackElements maxSizeOfInstructions "
                      "maxComponentElements maxPoints maxContours maxCompositePoints maxCompositeContours maxComponentDepth").split():
            setattr(maxp, field, 1 if field == "maxZones" else 0)
        font.sfntVersion = "\x00\x01\x00\x00"
        font["post"].formatType, font["post"].extraNames, font["post"].mapping = 3.0, [], {}
        table = font["name"]
        table.names = []
        for name_id, text in ((0, "Outlines: Noto CJK, Copyright 2014-2021 Adobe. SIL Open Font License 1.1."), (1, family), (2, "Regular"), (3, family), (4, family), (6, family.replace(" ", "")),
                              (13, "SIL Open Font License, Version 1.1"), (14, "https://openfontlicense.org")):
            table.setName(text, name_id, 3, 1, 0x409)
        for name in order:
            font["glyf"][name].recalcBounds(font["glyf"])
            advance, _ = font["hmtx"][name]
            glyph = font["glyf"][name]
            font["hmtx"][name] = (advance, glyph.xMin if glyph.numberOfContours else 0)
        font["head"].glyphDataFormat = 0
        font.save(target)
        print(target, len(order))


main()
