package dev.lathe.app.served;

import de.kherud.llama.InferenceParameters;
import de.kherud.llama.LlamaModel;
import de.kherud.llama.ModelParameters;
import de.kherud.llama.args.CacheType;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.json.JsonMapper;

/**
 * Greedy answers by llama.cpp, in a process of its own because it can abort its JVM: arguments
 * model, adapter or "-", tokens; prompts as a JSON list on standard input, answers on standard
 * output after the line "ANSWERS".
 */
final class LlamaAnswersMain {
  private LlamaAnswersMain() {}

  public static void main(String[] arguments) throws IOException {
    var json = JsonMapper.shared();
    var prompts = json.readValue(System.in.readAllBytes(), String[].class);
    var parameters =
        new ModelParameters()
            .setModel(arguments[0])
            .setCtxSize(512)
            .setThreads(1)
            .setCacheTypeK(CacheType.F32)
            .setCacheTypeV(CacheType.F32);
    if (!arguments[1].equals("-")) {
      parameters.addLoraAdapter(arguments[1]);
    }
    var model = new LlamaModel(parameters); // never closed: that frees nothing
    var answers = new ArrayList<String>();
    for (var prompt : List.of(prompts)) {
      var request =
          new InferenceParameters(prompt)
              .setTemperature(0)
              .setCachePrompt(false)
              .setNPredict(Integer.parseInt(arguments[2]));
      answers.add(model.complete(request));
    }
    System.out.println("\nANSWERS\n" + json.writeValueAsString(answers));
    System.out.flush();
    Runtime.getRuntime().halt(0);
  }
}
