(* Runs the extracted semantics of KCore over the record of compiled KCore (record.h) and stops at the first
   difference: which primitive is called, with which arguments, in which order; the result; and after every call
   each of KCore's objects. A second model, of RAM and page states, follows the primitives by their contracts: what
   they answer, and from time to time all of RAM, must be what it has.

   usage: replay [-n CALLS] < record     the rest of the record is read, not run, after CALLS calls *)
open Semantics

exception Differs of string

let differs fmt = Printf.ksprintf (fun s -> raise (Differs s)) fmt

(* ---- the record ---- *)
let size = 1 lsl 20
let buf = Bytes.create size
let at = ref 0
let fill = ref 0

let refill () =
  let rest = !fill - !at in
  Bytes.blit buf !at buf 0 rest;
  at := 0;
  fill := rest;
  while !fill < 8 do
    let n = input stdin buf !fill (size - !fill) in
    if n = 0 then differs "the record ends too early: the program under test has failed";
    fill := !fill + n
  done

let at_end () =
  if !fill > !at then false
  else begin
    at := 0;
    fill := input stdin buf 0 size;
    !fill = 0
  end

let word () =
  if !fill - !at < 8 then refill ();
  let v = Bytes.get_int64_le buf !at in
  at := !at + 8;
  v

(* Numbers that fit OCaml's integers with certainty: heads, identifiers, counts. *)
let small () = Int64.to_int (word ())
let z_of_word w = if Int64.compare w 0L >= 0 then Num.of_int64 w else Num.of_int64_unsigned w
let number () = z_of_word (word ())
let show z = Num.show z

(* ---- KCore's objects: the elements of all cells, numbered as in the record ---- *)
type obj = { name : string; dims : int array; base : int; mask : Num.z }

let objects, n_elements =
  List.fold_left
    (fun (l, base) c ->
      let dims = Array.of_list (List.map Num.to_int c.c_dims) in
      ({ name = c.c_name; dims; base; mask = Num.top c.c_type } :: l, base + Array.fold_left ( * ) 1 dims))
    ([], 0) kcore_cells

let by_name = Hashtbl.create 256
let () = List.iter (fun o -> Hashtbl.replace by_name o.name o) objects
let memory = Array.make n_elements Num.zero
let agreed = Array.make n_elements Num.zero
let written = ref [] (* elements written since the last agreement *)

let describe k =
  let o = List.find (fun o -> o.base <= k) objects in
  let rec go k = function
    | [] -> ""
    | d :: l -> Printf.sprintf "[%d]" (k / List.fold_left ( * ) 1 l mod d) ^ go k l
  in
  o.name ^ go (k - o.base) (Array.to_list o.dims)

let element c ix =
  let o = Hashtbl.find by_name c in
  let rec go acc d = function
    | [] -> if d = Array.length o.dims then acc else differs "%s: number of indices" c
    | i :: l ->
      let i = Num.to_int i in
      if d = Array.length o.dims || i < 0 || i >= o.dims.(d) then differs "%s: index %d" c i;
      go ((acc * o.dims.(d)) + i) (d + 1) l
  in
  (o, o.base + go 0 0 ix)

(* ---- RAM and page states, as the contracts of the primitives have them ---- *)
let ram : (int, Bytes.t) Hashtbl.t = Hashtbl.create 4096
let states : (int, int64) Hashtbl.t = Hashtbl.create 4096
let frames : int array ref = ref [||]
let page pfn = try Hashtbl.find ram pfn with Not_found -> differs "page 0x%x is no RAM" pfn
let get pfn i = if i < 0 || i > 511 then differs "word %d of a page" i else Bytes.get_int64_le (page pfn) (8 * i)
let put pfn i v = if i < 0 || i > 511 then differs "word %d of a page" i else Bytes.set_int64_le (page pfn) (8 * i) v

(* Somebody else than KCore's code writes: KServ, a guest, or a primitive that saves registers. *)
let store () =
  let p = small () in
  let i = small () in
  put p i (word ())

let load () =
  Hashtbl.reset ram;
  Hashtbl.reset states;
  for _ = 1 to small () do
    let pfn = small () in
    Hashtbl.replace states pfn (word ());
    let p = Bytes.create 4096 in
    for i = 0 to 511 do Bytes.set_int64_le p (8 * i) (word ()) done;
    Hashtbl.replace ram pfn p
  done;
  frames := Array.of_list (Hashtbl.fold (fun p _ l -> p :: l) ram [])

let check () =
  let n = small () in
  if n <> Hashtbl.length ram then differs "%d pages of RAM, not %d" n (Hashtbl.length ram);
  for _ = 1 to n do
    let pfn = small () in
    let state = word () in
    if state <> Hashtbl.find states pfn then
      differs "state of page 0x%x: 0x%Lx, expected 0x%Lx" pfn state (Hashtbl.find states pfn);
    let p = page pfn in
    for i = 0 to 511 do
      let v = word () in
      if v <> Bytes.get_int64_le p (8 * i) then
        differs "page 0x%x word %d: 0x%Lx, expected 0x%Lx" pfn i v (Bytes.get_int64_le p (8 * i))
    done
  done

(* What a primitive does to RAM; what it must answer, if that is known. *)
let contract f args =
  if Hashtbl.length ram = 0 then None
  else match f, args with
  | ("pg_get" | "pte_get"), [ p; i ] -> Some (get (Num.to_int p) (Num.to_int i))
  | ("pg_set" | "pte_set"), [ p; i; v ] -> put (Num.to_int p) (Num.to_int i) (Num.to_word v); None
  | "meta_get", [ p ] -> ignore (page (Num.to_int p)); Some (Hashtbl.find states (Num.to_int p))
  | "meta_set", [ p; v ] -> ignore (page (Num.to_int p)); Hashtbl.replace states (Num.to_int p) (Num.to_word v); None
  | "page_zero", [ p ] -> Bytes.fill (page (Num.to_int p)) 0 4096 '\000'; None
  | "page_copy", [ d; s ] -> Bytes.blit (page (Num.to_int s)) 0 (page (Num.to_int d)) 0 4096; None
  | _ -> None

(* ---- specifications that can be computed (Specs.v) ---- *)
let world () =
  world_of
    (fun (c, ix) -> memory.(snd (element c ix)))
    (fun p -> Num.of_word (Hashtbl.find states (Num.to_int p)))
    (fun p i -> Num.of_word (get (Num.to_int p) (Num.to_int i)))
    true

let specs = Hashtbl.create 16
let () = List.iter (fun (f, check) -> Hashtbl.replace specs f check) kcore_specs
let is_ram p = Hashtbl.mem ram (Num.to_int p)
let booted = ref false
let specified = ref 0
let translated = ref 0

(* Somewhere in the tables of KServ or of a VM: what they translate to must be its own. *)
let look () =
  let h = Random.int 6 in
  let fn =
    if h = 0 then !frames.(Random.int (Array.length !frames))
    else 0x3fe00 + (512 * Random.int 4) + if Random.bool () then Random.int 24 else 47 * Random.int 12
  in
  let w = world () and h = Num.of_int h and fn = Num.of_int fn in
  if has_tables w h then begin
    incr translated;
    if not (secure_at is_ram w h fn) then
      differs "VMID %s reaches, at frame %s, what is not its own" (show h) (show fn)
  end

(* ---- records ---- *)
let r_end = 0 and r_enter = 1 and r_call = 2 and r_answer = 3 and r_leave = 4 and r_stop = 5
let r_set = 6 and r_changed = 7 and r_same = 8 and r_store = 9 and r_load = 10 and r_check = 11

let functions = Hashtbl.create 512
let () = List.iter (fun (f, s) -> Hashtbl.replace functions f s) kcore_functions
(* Their numbers in the record are positions in the translator's list, the earliest first. *)
let names = Array.of_list (List.rev_map fst kcore_functions)
let fuel = 1 lsl 40
let calls = ref 0
let primitives = Array.of_list (List.map fst kcore_prims)
let seen = Hashtbl.create 64 (* calls of each function from outside *)
let events = ref 0
let accesses = ref 0

let kind h = h land 0xff
let ident h = (h lsr 8) land 0xffffff
let count h = h lsr 32

let reason = function
  | Uninitialised -> "read of an uninitialised variable"
  | Index_out_of_bounds -> "index out of bounds"
  | Shift_too_large -> "shift too large"
  | Division_by_zero -> "division by zero"
  | Missing_return -> "missing return"
  | Missing_value -> "missing value"
  | Wrong_arguments -> "wrong arguments"
  | Unknown_function -> "unknown function"
  | Out_of_fuel -> "out of fuel"
  | Stray_jump -> "stray jump"

let after h = match kind h with
  | 2 -> Printf.sprintf "calls %s" primitives.(ident h)
  | 4 -> "returns"
  | 5 -> "stops"
  | k -> Printf.sprintf "record %d" k

let words n = List.init n (fun _ -> show (number ()))

(* Both sides have changed the same elements since the last time, to the same values. The first head is read. *)
let compare_memory h =
  let h = ref h in
  while kind !h = r_changed do
    let k = small () in
    let v = number () in
    if not (Num.equal memory.(k) v) then
      differs "%s: compiled %s, semantics %s" (describe k) (show v) (show memory.(k));
    agreed.(k) <- v;
    h := small ()
  done;
  if kind !h <> r_same then differs "bad record %x" !h;
  List.iter
    (fun k ->
      if not (Num.equal memory.(k) agreed.(k)) then
        differs "%s: compiled %s, semantics %s" (describe k) (show agreed.(k)) (show memory.(k)))
    !written;
  written := []

(* One call of compiled KCore beside its event tree. *)
let rec run p =
  match p with
  | Ev (ERead (c, ix), k) ->
    incr accesses;
    let _, i = element c ix in
    run (k memory.(i))
  | Ev (EWrite ((c, ix), v), k) ->
    incr accesses;
    let o, i = element c ix in
    if Num.sign v < 0 || Num.compare v o.mask > 0 then differs "%s is given %s" c (show v);
    memory.(i) <- v;
    written := i :: !written;
    run (k Num.zero)
  | Ev (ECall (f, args), k) ->
    incr events;
    let h = small () in
    let shown () = String.concat " " (f :: List.map show args) in
    if kind h <> r_call then differs "semantics calls %s, compiled %s" (shown ()) (after h);
    if not (String.equal primitives.(ident h) f && count h = List.length args) then
      differs "semantics calls %s, compiled %s %s" (shown ()) primitives.(ident h)
        (String.concat " " (words (count h)));
    List.iteri
      (fun i a ->
        let b = number () in
        if not (Num.equal a b) then
          differs "semantics calls %s, compiled has argument %d = %s" (shown ()) i (show b))
      args;
    let expected = contract f args in
    let h = answer () in
    if kind h = r_answer then begin
      let w = word () in
      (match expected with
       | Some e when e <> w -> differs "%s answers 0x%Lx, expected 0x%Lx" (shown ()) w e
       | _ -> ());
      run (k (z_of_word w))
    end
    else if kind h = r_stop then (compare_memory (small ()); None)
    else differs "bad record %x" h
  | Stuck why -> differs "the semantics is stuck: %s" (reason why)
  | Ret r ->
    let h = small () in
    if kind h <> r_leave then
      differs "semantics returns, compiled %s %s" (after h) (String.concat " " (words (count h)));
    let v = number () in
    let w = match r with None -> Num.zero | Some w -> w in
    if not (Num.equal v w) then differs "result: compiled %s, semantics %s" (show v) (show w);
    compare_memory (small ());
    Some v

(* The end of a primitive. Before, it may have saved registers to a page, or others have written to one; and while it
   waits for the lock, another CPU may have made a whole call. *)
and answer () =
  let h = small () in
  if kind h = r_store then (store (); answer ())
  else if kind h = r_changed || kind h = r_same then (compare_memory h; answer ())
  else if kind h = r_enter then (call h; answer ())
  else h

and call h =
  let name = names.(ident h) in
  let params, _ = Hashtbl.find functions name in
  let args = List.init (count h) (fun _ -> number ()) in
  incr calls;
  if List.length params <> List.length args then differs "%s: number of arguments" name;
  Hashtbl.replace seen name (1 + try Hashtbl.find seen name with Not_found -> 0);
  try
    let result = run (kcore fuel name args) in
    if name = "mm_init" then booted := result = Some Num.zero && Hashtbl.length ram > 0;
    if !booted then begin
      (match result, Hashtbl.find_opt specs name with
       | Some v, Some check ->
         incr specified;
         if not (check (world ()) args v) then differs "%s is not what the specification says" (show v)
       | _ -> ());
      if !calls land 7 = 0 then look ()
    end
  with Differs s -> differs "%s(%s): %s" name (String.concat ", " (List.map show args)) s

let () =
  Num.self_check ();
  let limit = if Array.length Sys.argv = 3 && Sys.argv.(1) = "-n" then int_of_string Sys.argv.(2) else max_int in
  (try
     let go = ref true in
     let before = ref 0 in
     while !go do
       let h = small () in
       let k = kind h in
       if k = r_end then begin
         let n = small () in
         if n <> !calls - !before then differs "%d calls in the record, %d seen" n (!calls - !before);
         (* The record of another process may follow: it starts from the beginning. *)
         if at_end () then go := false;
         before := !calls;
         booted := false;
         Array.fill memory 0 n_elements Num.zero;
         Array.fill agreed 0 n_elements Num.zero
       end
       else if k = r_enter then call h
       else if k = r_set then begin
         let i = small () in
         let v = number () in
         memory.(i) <- v;
         agreed.(i) <- v
       end
       else if k = r_store then store ()
       else if k = r_load then load ()
       else if k = r_check then check ()
       else differs "bad record %x" h;
       if !calls >= limit then go := false
     done
   with Differs s ->
     Printf.printf "DIFFERENCE in call %d: %s\n" !calls s;
     exit 1);
  Printf.printf "%d calls, %d primitive calls, %d accesses to objects: identical; " !calls !events !accesses;
  Printf.printf "%d results as specified, %d translations allowed\n" !specified !translated;
  if Sys.getenv_opt "ORACLE_CALLS" <> None then
    List.iter (fun (f, n) -> Printf.printf "  %-20s %d\n" f n)
      (List.sort compare (Hashtbl.fold (fun f n l -> (f, n) :: l) seen []))
