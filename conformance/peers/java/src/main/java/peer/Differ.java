package peer;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What {@link Peer} says of every file of a folder, in one process: a line "NAME accept" or "NAME refuse JUDGE WHY" for each, set
 * apart by tabs. JUDGE is the command that refused, WHY the exception on one line.
 */
final class Differ {
    static void run(Path folder) throws Exception {
        // ofdrw leaves what it unpacked behind when it cannot read a package.
        System.setProperty("java.io.tmpdir", Files.createDirectory(folder.resolve("unpacked")).toString());
        List<Path> files;
        try (Stream<Path> list = Files.list(folder)) {
            files = list.filter(Files::isRegularFile).sorted().collect(Collectors.toList());
        }
        for (Path file : files) {
            System.out.println(file.getFileName() + "\t" + judge(file));
        }
    }

    private static String judge(Path file) {
        String judge = "validate";
        try {
            Peer.validate(file);
            judge = "recompute";
            Peer.recompute(file);
            return "accept";
        } catch (Exception | StackOverflowError why) {
            return "refuse\t" + judge + "\t" + why.toString().replaceAll("[\\s\\p{Cntrl}]+", " ");
        }
    }

    private Differ() {}
}
