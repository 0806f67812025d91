import * as core from "echarts/core";
import { GraphChart } from "echarts/charts";
import { TooltipComponent } from "echarts/components";
import { CanvasRenderer } from "echarts/renderers";
core.use([GraphChart, TooltipComponent, CanvasRenderer]);
export const init = core.init;
