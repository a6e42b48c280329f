package store;

import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.backend.memory.MemoryBackend;
import de.bwaldvogel.mongo.bson.Document;
import io.netty.channel.Channel;

/** Listens on loopback at the port given until it is stopped; prints "ready" when it answers. */
public final class Store {
  private Store() {}

  public static void main(String[] arguments) throws InterruptedException {
    MongoServer server = new MongoServer(new Backend());
    server.bind("127.0.0.1", Integer.parseInt(arguments[0]));
    System.out.println("ready");
    Thread.currentThread().join();
  }

  /** Answers the one question of the suite that the library does not know: how new the stored files are. */
  private static final class Backend extends MemoryBackend {
    @Override
    public Document handleCommand(Channel channel, String database, String command, Document query) {
      if (command.equalsIgnoreCase("getParameter")) {
        return new Document("featureCompatibilityVersion", new Document("version", "6.0")).append("ok", 1.0);
      }
      return super.handleCommand(channel, database, command, query);
    }
  }
}
