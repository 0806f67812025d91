import java.io.BufferedReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.locks.LockSupport;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.sink.legacy.RichSinkFunction;
import org.apache.flink.streaming.api.functions.source.legacy.SourceFunction;
import org.apache.flink.table.api.Table;
import org.apache.flink.table.api.bridge.java.StreamTableEnvironment;
import org.apache.flink.types.Row;
import org.apache.flink.types.RowKind;

/**
 * The query as one Flink SQL job in a cluster inside this process, two task slots. The files are
 * read by Flink's own CSV connector; the change log comes from a queue, as rows that are inserted
 * and deleted. The last line of a batch is known to be through when the digest of the answer is
 * the oracle's: a job of several tasks has no other end of a batch.
 *
 * <p>Arguments: folder, a file of statements (the last one the query), a file of digests, one a
 * line, the first that of the load, seconds to wait for the load, milliseconds of a bundle. Tells of
 * each step on standard output.
 */
public class Peer {
    static final LinkedBlockingQueue<Object[]> QUEUE = new LinkedBlockingQueue<>();
    static final Digest ANSWER = new Digest();

    /** What query.py calls the digest; sums only, so the order of rows does not matter. */
    static class Digest {
        long enterprises, sum, hash, crossing, crossingHash;
        long threshold;

        synchronized void add(String code, long score, long sign) {
            long h = rowHash(code, score);
            enterprises += sign;
            sum += sign * score;
            hash += sign * h;
            if (score >= threshold) {
                crossing += sign;
                crossingHash += sign * h;
            }
        }

        public synchronized String toString() {
            return enterprises + " " + sum + " " + Long.toUnsignedString(hash) + " " + crossing + " "
                    + Long.toUnsignedString(crossingHash);
        }
    }

    static long mix(long x) {
        x = (x ^ (x >>> 30)) * 0xBF58476D1CE4E5B9L;
        x = (x ^ (x >>> 27)) * 0x94D049BB133111EBL;
        return x ^ (x >>> 31);
    }

    static long rowHash(String code, long score) {
        byte[] text = code.getBytes(StandardCharsets.US_ASCII);
        long state = 0;
        for (int word = 0; word < 3; word++) {
            long bits = 0;
            for (int at = Math.min(text.length, word * 8 + 8) - 1; at >= word * 8; at--) {
                bits = bits << 8 | (text[at] & 0xff);
            }
            state = mix(state ^ bits);
        }
        return mix(state ^ score);
    }

    /** Emits the rows of one table that the queue gets; a row begins with its table and its sign. */
    public static class Changes implements SourceFunction<Row> {
        public void run(SourceContext<Row> context) throws Exception {
            while (true) {
                Object[] row = QUEUE.take();
                synchronized (context.getCheckpointLock()) {
                    RowKind kind = (Integer) row[0] > 0 ? RowKind.INSERT : RowKind.DELETE;
                    Row out = new Row(kind, row.length - 1);
                    for (int at = 1; at < row.length; at++) {
                        out.setField(at - 1, row[at]);
                    }
                    context.collect(out);
                }
            }
        }

        public void cancel() {}
    }

    public static class Sink extends RichSinkFunction<Row> {
        public void invoke(Row row, Context context) {
            boolean gone = row.getKind() == RowKind.DELETE || row.getKind() == RowKind.UPDATE_BEFORE;
            ANSWER.add((String) row.getField(0), (Long) row.getField(1), gone ? -1 : 1);
        }
    }

    /** Category is -1 where the row is a lead; suspicion and bank are where it is a record. */
    static final TypeInformation<Row> CHANGE = Types.ROW_NAMED(
            new String[] {"code", "category", "cents", "suspicion", "bank"},
            Types.STRING, Types.INT, Types.LONG, Types.INT, Types.INT);

    static List<List<Object[]>> log(Path folder, int batches) throws Exception {
        List<List<Object[]>> log = new ArrayList<>();
        for (int batch = 0; batch < batches; batch++) {
            log.add(new ArrayList<>());
        }
        for (boolean lead : new boolean[] {false, true}) {
            Path path = folder.resolve(lead ? "lead_changes.csv" : "record_changes.csv");
            try (BufferedReader reader = Files.newBufferedReader(path)) {
                reader.readLine();
                for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                    String[] f = line.split(",");
                    int sign = Integer.parseInt(f[1]);
                    Object[] row = lead
                            ? new Object[] {sign, f[4], -1, Long.parseLong(f[5]),
                                Integer.parseInt(f[6]), Integer.parseInt(f[7])}
                            : new Object[] {sign, f[3], Integer.parseInt(f[4]),
                                Long.parseLong(f[5]), -1, -1};
                    log.get(Integer.parseInt(f[0])).add(row);
                }
            }
        }
        return log;
    }

    /** Whether the answer's digest came to be this one in time. */
    static boolean wait(String digest, long seconds) {
        long end = System.nanoTime() + seconds * 1_000_000_000L;
        while (System.nanoTime() < end) {
            if (ANSWER.toString().equals(digest)) {
                return true;
            }
            LockSupport.parkNanos(50_000);
        }
        return false;
    }

    public static void main(String[] arguments) throws Exception {
        Path folder = Path.of(arguments[0]);
        List<String> digests = Files.readAllLines(Path.of(arguments[2]));
        ANSWER.threshold = Long.parseLong(digests.remove(0));
        Configuration settings = new Configuration();
        settings.setString("taskmanager.numberOfTaskSlots", "2");
        settings.setString("pipeline.object-reuse", "true");
        settings.setString("execution.buffer-timeout.interval", "1 ms");
        settings.setString("table.exec.mini-batch.enabled", "true");
        settings.setString("table.exec.mini-batch.allow-latency", arguments[4] + " ms");
        settings.setString("table.exec.mini-batch.size", "50000");
        settings.setString("taskmanager.memory.network.min", "128mb");
        StreamExecutionEnvironment env =
                StreamExecutionEnvironment.createLocalEnvironment(2, settings);
        StreamTableEnvironment tables = StreamTableEnvironment.create(env);
        tables.createTemporaryView("changes",
                tables.fromChangelogStream(env.addSource(new Changes(), "changes", CHANGE)));
        String[] statements = Files.readString(Path.of(arguments[1])).split(";\n");
        for (int at = 0; at < statements.length - 1; at++) {
            tables.executeSql(statements[at]);
        }
        Table scores = tables.sqlQuery(statements[statements.length - 1]);
        tables.toChangelogStream(scores).addSink(new Sink());
        env.executeAsync("peer");
        wait(digests.get(0), Long.parseLong(arguments[3]));
        System.out.println("loaded " + ANSWER);
        System.in.read(); // the other side has measured
        List<List<Object[]>> log = log(folder, digests.size() - 1);
        for (int batch = 0; batch < log.size(); batch++) {
            long started = System.nanoTime();
            // An answer that is to stay the same tells nothing: leave the rows time.
            boolean silent = digests.get(batch).equals(digests.get(batch + 1));
            QUEUE.addAll(log.get(batch));
            Thread.sleep(silent ? 100 : 0);
            boolean seen = wait(digests.get(batch + 1), 20);
            System.out.println("batch " + batch + " " + (System.nanoTime() - started) + " " + ANSWER);
            if (!seen) {
                System.err.println("batch " + batch + ": " + ANSWER + " for " + digests.get(batch + 1));
            }
        }
        System.out.println("done");
        System.out.flush();
        System.in.read();
        Runtime.getRuntime().halt(0);
    }
}
