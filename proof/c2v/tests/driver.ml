(* The extracted semantics as a test program: reads "unit function fill args" lines, runs each from fresh
   memory, prints what the C driver (differ.py) prints for the compiled C. *)
open Semantics
open Runtime

let mix x =
  let x = Int64.logxor x (Int64.shift_right_logical x 31) in
  let x = Int64.mul x 0xbf58476d1ce4e5b9L in
  Int64.logxor x (Int64.shift_right_logical x 27)

let mask t v = match t with
  | U8 -> Int64.logand v 0xffL
  | U16 -> Int64.logand v 0xffffL
  | U32 -> Int64.logand v 0xffffffffL
  | U64 -> v

(* The k-th element of all cells; fill 0 leaves memory zero. *)
let initial fill k =
  if fill = 0L then 0L
  else
    let x = mix (Int64.add fill (Int64.mul (Int64.of_int k) 0x9e3779b97f4a7c15L)) in
    if Int64.logand x 3L = 0L then Int64.logand (Int64.shift_right_logical x 8) 7L else x

(* All index vectors below the bounds, row-major. *)
let rec indices = function
  | [] -> [ [] ]
  | n :: rest ->
    let tails = indices rest in
    List.concat (List.init n (fun i -> List.map (fun t -> Int64.of_int i :: t) tails))

let elements cells =
  List.concat_map
    (fun c -> List.map (fun ix -> (c.c_name, ix, c.c_type)) (indices (List.map (fun n -> Int64.to_int (of_z n)) c.c_dims)))
    cells

let numbers l = String.concat "" (List.map (fun i -> " " ^ show i) l)

let run_call cells prims program name fill args =
  let memory = Hashtbl.create 1024 in
  let all = elements cells in
  List.iteri (fun k (c, ix, t) -> Hashtbl.replace memory (c, ix) (mask t (initial fill k))) all;
  let state = ref fill in
  let prim f args =
    Printf.printf "X %s%s\n" f (numbers args);
    let h = List.fold_left (fun h a -> mix (Int64.add (Int64.mul h 0x5851f42d4c957f2dL) (Int64.add a 1L))) !state args in
    state := mix (Int64.add h (Int64.of_int (Char.code f.[String.length f - 1])));
    if Int64.logand !state 1L = 0L then Int64.logand !state 15L else !state
  in
  match run memory prim (denote 4096 prims program name (List.map z_of args)) with
  | Stuck_at why -> Printf.printf "S %s\n" why
  | Result r ->
    Printf.printf "R %s\n" (match r with None -> "void" | Some v -> show v);
    List.iter
      (fun (c, ix, _) ->
        let v = read memory (c, ix) in
        if v <> 0L then Printf.printf "M %s%s = %s\n" c (numbers ix) (show v))
      all

let () =
  try
    while true do
      let line = input_line stdin in
      match String.split_on_char ' ' line with
      | u :: name :: fill :: args ->
        Printf.printf "C %s\n" (String.concat " " (name :: fill :: args));
        let (_, ((cells, prims), program)) = List.find (fun (n, _) -> n = u) all_units in
        run_call cells prims program name (parse fill) (List.map parse args)
      | _ -> failwith ("bad line: " ^ line)
    done
  with End_of_file -> ()
