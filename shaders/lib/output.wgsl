// Where results go: `epilogue(index, value)` is generated, and may do more with a value than store it, or stands here.

#if ${FUSED}
${EPILOGUE}
#else
@group(0) @binding(${OUTPUT_BINDING}) var<storage, read_write> results: array<${OUTPUT}>;

fn epilogue(index: u32, value: ${OUTPUT}) {
  results[index] = value;
}
#endif
