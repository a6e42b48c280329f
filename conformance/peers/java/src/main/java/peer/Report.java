package peer;

import java.net.URL;
import java.nio.file.Path;
import javax.xml.XMLConstants;
import javax.xml.transform.Source;
import javax.xml.transform.stream.StreamSource;
import javax.xml.validation.SchemaFactory;
import javax.xml.validation.Validator;
import org.w3c.dom.bootstrap.DOMImplementationRegistry;
import org.w3c.dom.ls.DOMImplementationLS;
import org.w3c.dom.ls.LSInput;
import org.xml.sax.ErrorHandler;
import org.xml.sax.SAXParseException;

/** Validation reports against the schema of ETSI TS 119 102-2 V1.2.2, as the EU's DSS carries it. Nothing is fetched. */
final class Report {
    /** In the order in which they lean on each other. */
    private static final String[] SCHEMAS = {
        "xml.xsd", "xmldsig-core-schema.xsd", "XAdES01903v132-201601.xsd", "ts_119612v020201_201601xsd.xsd", "TS119102-2-v122.xsd"
    };

    static void run(Path file) throws Exception {
        DOMImplementationLS dom =
                (DOMImplementationLS) DOMImplementationRegistry.newInstance().getDOMImplementation("LS");
        SchemaFactory factory = SchemaFactory.newInstance(XMLConstants.W3C_XML_SCHEMA_NS_URI);
        factory.setResourceResolver((type, namespace, publicId, systemId, base) -> {
            String name = systemId.substring(systemId.lastIndexOf('/') + 1);
            LSInput input = dom.createLSInput();
            input.setSystemId(systemId);
            input.setByteStream(Report.class.getResourceAsStream("/xsd/" + (name.equals("XAdES.xsd") ? SCHEMAS[2] : name)));
            return input;
        });
        Source[] sources = new Source[SCHEMAS.length];
        for (int i = 0; i < sources.length; i++) {
            URL schema = Report.class.getResource("/xsd/" + SCHEMAS[i]);
            if (schema == null) {
                throw new IllegalStateException(SCHEMAS[i] + " is not here");
            }
            sources[i] = new StreamSource(schema.toString());
        }
        Validator validator = factory.newSchema(sources).newValidator();
        int[] errors = {0};
        validator.setErrorHandler(new ErrorHandler() {
            @Override
            public void warning(SAXParseException e) {
                error(e);
            }

            @Override
            public void error(SAXParseException e) {
                errors[0]++;
                System.out.println("line " + e.getLineNumber() + ": " + e.getMessage());
            }

            @Override
            public void fatalError(SAXParseException e) throws SAXParseException {
                throw e;
            }
        });
        validator.validate(new StreamSource(file.toFile()));
        if (errors[0] > 0) {
            throw new IllegalArgumentException(errors[0] + " places do not fit the schema");
        }
    }

    private Report() {}
}
