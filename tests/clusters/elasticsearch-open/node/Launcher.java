package mlgate.node;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CountDownLatch;

import org.elasticsearch.common.logging.LogConfigurator;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.env.Environment;
import org.elasticsearch.node.Node;

/** Runs one node inside this JVM: {@code Launcher WORK [setting=value ...]}. WORK holds everything that belongs to it. */
public final class Launcher {
    public static void main(String[] args) throws Exception {
        Map<String, String> given = new LinkedHashMap<>();
        for (int i = 1; i < args.length; i++) {
            String[] pair = args[i].split("=", 2);
            given.put(pair[0], pair[1]);
        }
        Node node = new Compat(environment(Path.of(args[0]), given));
        Runtime.getRuntime().addShutdownHook(new Thread(() -> close(node)));
        node.start();
        new CountDownLatch(1).await();
    }

    private static Environment environment(Path work, Map<String, String> given) throws Exception {
        LogConfigurator.registerErrorListener();
        Settings paths = Settings.builder()
            .put("path.home", work.toString())
            .put("path.data", work.resolve("data").toString())
            .put("path.logs", work.resolve("logs").toString())
            .build();
        Environment environment = Compat.prepare(paths, given, work.resolve("config"));
        Compat.configureLog(environment);
        return environment;
    }

    private static void close(Node node) {
        try {
            node.close();
        } catch (Exception e) {
            e.printStackTrace();
        }
    }
}
