import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.MongoVersion;
import de.bwaldvogel.mongo.backend.memory.MemoryBackend;
import java.util.List;

/** Serves MongoDB's protocol from memory on a port of its own, which it prints. */
public class MongoJavaServer {
  /** The oldest version that the Node driver takes; those the library knows by name are older, or not whole. */
  private static final MongoVersion VERSION = new MongoVersion() {
    @Override
    public List<Integer> getVersionArray() {
      return List.of(4, 4, 0, 0);
    }

    @Override
    public int getWireVersion() {
      return 9;
    }
  };

  public static void main(String[] args) {
    MongoServer server = new MongoServer(new MemoryBackend().version(VERSION));
    System.out.println(server.bindAndGetConnectionString());
  }
}
